internal import TraceEvents

/// The writers of a block's events, and which of them wrote which events.
struct WriterRuns {
  private let processes: [UInt32]
  private let pids: [UInt32]
  private let tids: [UInt32]
  private let writers: [UInt64]
  private let lengths: [UInt64]

  /// Reads the writers and runs of a block of `count` events, and checks that the runs are those of
  /// known writers and together all of the events.
  init(_ reader: inout ByteReader, count: Int) throws(ByteCodingError) {
    let number = try reader.readCount(limit: FileLayout.writersPerBlockMax)
    processes = try reader.readColumn32(count: number)
    pids = try reader.readColumn32(count: number)
    tids = try reader.readColumn32(count: number)
    let runs = try reader.readCount(limit: count)
    writers = try reader.readColumn(count: runs)
    lengths = try reader.readColumn(count: runs)
    var position = 0
    for run in 0..<runs {
      guard writers[run] < UInt64(number), lengths[run] > 0,
        lengths[run] <= UInt64(count - position)
      else { throw reader.broken(.E6, max(writers[run], lengths[run])) }
      position += Int(lengths[run])
    }
    guard position == count else { throw reader.broken(.E6, UInt64(position)) }
  }

  var writerCount: Int { pids.count }
  /// Number of runs.
  var count: Int { writers.count }

  @inline(__always)
  func writer(of run: Int) -> Int { Int(truncatingIfNeeded: writers[run]) }

  /// Number of events in a run.
  @inline(__always)
  func length(of run: Int) -> Int { Int(truncatingIfNeeded: lengths[run]) }

  func origin(of writer: Int, in stretch: Stretch) -> EventOrigin {
    EventOrigin(
      stream: stretch.stream, processIndex: processes[writer], pid: pids[writer],
      tid: tids[writer], cpu: stretch.cpu)
  }
}
