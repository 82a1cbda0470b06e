internal import TraceEvents
internal import TraceFormat

/// One conversion of a .nettrace file.
final class NetConversion {
  let header: NetHeader
  private let blocks: NetBlocks
  private let sink: NetSink
  private let writer: NetEventWriter
  @exclusivity(unchecked) private var kinds = NetKinds()
  @exclusivity(unchecked) private var findings = NetFindings()

  init(_ header: NetHeader, _ blocks: NetBlocks, _ sink: NetSink) {
    self.header = header
    self.blocks = blocks
    self.sink = sink
    writer = NetEventWriter(header, sink, isVersion6: blocks.version == 6)
  }

  /// Reads the beginning of a recording.
  ///
  /// - Parameter output: makes the output when the recording's description is known.
  static func begin(
    _ blocks: NetBlocks, name: String,
    output: (NetHeader) throws(FormatError) -> any NetOutput
  ) throws(ImportError) -> NetConversion {
    guard let first = blocks.next(), first.kind == .trace, blocks.damage.isEmpty else {
      throw .unusable(path: name, reason: "does not begin with what was recorded")
    }
    let header =
      blocks.version == 6 ? NetHeader(block: first.bytes) : NetHeader(object: first.bytes)
    do throws(FormatError) {
      let start = header.nanoseconds(header.startTicks)
      return NetConversion(header, blocks, NetSink(try output(header), start: start))
    } catch { throw .output(error) }
  }

  func run() throws(ImportError) -> ImportReport {
    while sink.failure == nil, let block = blocks.next() {
      let isSound = read(block.kind, block.bytes)
      if !isSound { findings.note(damagedBlockAt: blocks.blockOffset) }
    }
    if let failure = sink.failure { throw .output(failure) }
    return try finish()
  }

  /// Reads a block. Returns false if its rest cannot be read.
  private func read(_ kind: NetBlocks.Kind, _ bytes: UnsafeRawBufferPointer) -> Bool {
    switch kind {
    case .events: return readEvents(bytes)
    case .metadata:
      let damaged = kinds.damagedBlocks
      kinds.read(bytes, version: blocks.version)
      return kinds.damagedBlocks == damaged
    case .stacks:
      writer.forgetStack()
      return writer.stacks.readStacks(bytes)
    case .labels:
      writer.forgetLabels()
      return writer.labels.readLabels(bytes)
    case .sequencePoint: return readSequencePoint(bytes)
    case .threads: return readThreads(bytes)
    case .removedThreads: return readRemovedThreads(bytes)
    case .trace, .end: return true
    case .unknown:
      findings.unknownBlocks += 1
      return true
    }
  }

  private func readEvents(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard var rows = NetRows(bytes, version: blocks.version) else { return false }
    while let payload = rows.next() {
      guard let kind = kinds.kind(rows.row.metadata) else {
        findings.unknownKinds += 1
        continue
      }
      writer.write(rows.row, payload, kind)
    }
    return !rows.isDamaged
  }

  // MARK: Threads

  private func readSequencePoint(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var cursor = NetCursor(bytes)
    let ticks = cursor.take(UInt64.self)
    let flags = blocks.version == 6 ? cursor.take(UInt32.self) : 0
    let count = cursor.take(UInt32.self)
    for _ in 0..<count {
      // A count may promise billions of threads.
      guard cursor.rest > 0 else {
        cursor.end()
        break
      }
      let id = blocks.version == 6 ? cursor.varint() : cursor.take(UInt64.self)
      let sequence =
        blocks.version == 6
        ? UInt32(truncatingIfNeeded: cursor.varint()) : cursor.take(UInt32.self)
      if !cursor.isShort { writer.reach(id, sequence, ticks: ticks) }
    }
    writer.passSequencePoint(threadsEnd: flags & 1 != 0)
    if flags & 2 != 0 { kinds.removeAll() }
    return !cursor.isShort
  }

  private func readThreads(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var cursor = NetCursor(bytes)
    while cursor.rest > 0 {
      var row = NetCursor(cursor.slice(Int(cursor.take(UInt16.self))))
      guard !cursor.isShort else { return false }
      let index = row.varint()
      var (name, pid, tid) = ("", UInt64(header.processID), UInt64(0))
      while row.rest > 0 {
        switch row.take(UInt8.self) {
        case 1: name = row.name8()
        case 2: pid = row.varint()
        case 3: tid = row.varint()
        case 4:
          for _ in 0..<2 { _ = row.name8() }
        default: row.end()
        }
      }
      writer.define(thread: index, tid: tid, pid: pid, name)
    }
    return true
  }

  private func readRemovedThreads(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var cursor = NetCursor(bytes)
    while cursor.rest > 0 {
      let (index, sequence) = (cursor.varint(), UInt32(truncatingIfNeeded: cursor.varint()))
      guard !cursor.isShort else { return false }
      writer.reach(index, sequence, ticks: nil)
      writer.threads.remove(index)
    }
    return true
  }

  // MARK: The end

  private func finish() throws(ImportError) -> ImportReport {
    var report = ImportReport()
    report.damage = header.damage + blocks.damage + findings.damage(writer, kinds)
    report.notes = findings.notes(writer, blocks, header)
    if writer.samples > 0 { writer.describeSampling(report) }
    sink.finish(header.sync(at: writer.latest))
    if let failure = sink.failure { throw .output(failure) }
    report.events = sink.eventCount
    report.lost = sink.lost
    return report
  }
}
