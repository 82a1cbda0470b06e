internal import TraceEvents

// The origins of a block's events: the thread, process, CPU and stream that wrote each.

extension EventBlock {
  /// Combines the runs of equal writers with the stretches: each writer of a stretch is an origin.
  func decodeWriters(_ reader: inout ByteReader) throws(ByteCodingError) {
    let runs = try WriterRuns(&reader, count: count)
    // Local copies avoid exclusivity checks on properties.
    let (stretches, count) = (stretches, count)
    let origins = reserveOrigins(runs)
    if runs.writerCount == 1, stretches.count == 1 {
      origins[0] = runs.origin(of: 0, in: stretches[0])
      self.origins.count = 1
      return originIndexes.fill(count, with: 0)
    }
    let indexes = originIndexes.fill(count)
    var originCount = 0
    var stretch = 0
    var position = 0
    // Latest origin of each writer, and the first origin of the stretch: an earlier one belongs to
    // an earlier stretch.
    var latest = [Int](repeating: -1, count: runs.writerCount)
    var first = 0
    var stretchEnd = stretches.first?.end ?? 0
    for run in 0..<runs.count {
      let writer = runs.writer(of: run)
      let end = position + runs.length(of: run)
      while position < end {
        if position == stretchEnd {
          stretch += 1
          stretchEnd = stretches[stretch].end
          first = originCount
        }
        if latest[writer] < first {
          origins[originCount] = runs.origin(of: writer, in: stretches[stretch])
          latest[writer] = originCount
          originCount += 1
        }
        let origin = UInt32(truncatingIfNeeded: latest[writer])
        let part = min(end, stretchEnd)
        repeat {
          indexes[position] = origin
          position &+= 1
        } while position < part
      }
    }
    self.origins.count = originCount
  }

  /// Finds the origins of the wanted events alone.
  func fillOrigins(_ runs: WriterRuns, _ kept: borrowing GrowingBuffer<UInt32>) {
    let (stretches, total, positions) = (stretches, kept.count, kept.base)
    let (origins, indexes) = (reserveOrigins(runs), originIndexes.fill(total))
    var originCount = 0
    var stretch = 0
    var (end, index) = (0, 0)
    // As for all events.
    var latest = [Int](repeating: -1, count: runs.writerCount)
    var first = 0
    for run in 0..<runs.count where index < total {
      let writer = runs.writer(of: run)
      end += runs.length(of: run)
      while index < total, positions[index] < end {
        if positions[index] >= stretches[stretch].end {
          repeat { stretch += 1 } while positions[index] >= stretches[stretch].end
          first = originCount
        }
        if latest[writer] < first {
          origins[originCount] = runs.origin(of: writer, in: stretches[stretch])
          latest[writer] = originCount
          originCount += 1
        }
        indexes[index] = UInt32(truncatingIfNeeded: latest[writer])
        index += 1
      }
    }
    self.origins.count = originCount
  }

  /// Returns room for an origin for each writer of each stretch.
  private func reserveOrigins(_ runs: WriterRuns) -> UnsafeMutablePointer<EventOrigin> {
    origins.count = 0
    origins.reserve(
      max(1, min(runs.count + stretches.count, runs.writerCount * stretches.count)))
    return origins.base
  }
}
