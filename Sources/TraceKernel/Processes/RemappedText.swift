import OSStrings
import TraceEvents

/// Code of images that processes copy into anonymous memory at the same addresses, as those do that
/// want it in huge pages (Node's `--use-largepages`, for one).
///
/// The kernel tells only that there is anonymous memory now. It is the image's code still if it has
/// the bytes of the image's file; otherwise it may be anything, such as a runtime's memory in the
/// place of a library that was unloaded.
///
/// - Cost: one question about the memory (``ProcessFacts/isUnchanged(_:of:in:mappedAt:)``) for each
///   image that it covers, ``comparisonsMax`` in a process.
struct RemappedText {
  /// An image's mapping.
  struct Mapping {
    var image: ImageMap
    /// CLOCK_MONOTONIC; nil for one that was there when the session began.
    var mappedAt_ns: UInt64?
  }

  private struct Process {
    var mappings: [Mapping] = []
    var comparisons = 0
  }

  static let comparisonsMax = 64
  /// More mappings of one process are not kept, nor more processes.
  private static let mappingsMax = 1024
  private static let processesMax = 4096

  private var processes: [UInt32: Process] = [:]

  /// What a process maps, in its place: the mapping itself, or the parts of it that are an image's
  /// and those that are not, in order.
  mutating func map(_ mapping: Mapping, pid: UInt32, _ facts: any ProcessFacts) -> [Mapping] {
    let isMemory =
      mapping.image.buildID.isEmpty
      && MappedName(shown: mapping.image.path).kind.mayHoldRuntimeCode
    guard processes[pid] != nil || (!isMemory && processes.count < Self.processesMax) else {
      return [mapping]
    }
    var process = processes.removeValue(forKey: pid) ?? Process()
    defer { processes[pid] = process }
    let (start, end) = (mapping.start, mapping.end)
    let covered = process.mappings.filter { $0.start < end && start < $0.end }
    var parts: [Mapping] = []
    for known in covered where isMemory && process.comparisons < Self.comparisonsMax {
      process.comparisons += 1
      let part = known.part(max(start, known.start), min(end, known.end))
      if facts.isUnchanged(part.image, of: known.image, in: pid, mappedAt: known.mappedAt_ns) {
        parts.append(part)
      }
    }
    let kept = parts.map { $0.image.baseAddress }
    process.mappings.removeAll { known in
      known.start < end && start < known.end && !kept.contains(max(start, known.start))
    }
    if !isMemory, process.mappings.count < Self.mappingsMax { process.mappings.append(mapping) }
    return parts.isEmpty ? [mapping] : Self.filled(parts, in: mapping)
  }

  mutating func fork(_ pid: UInt32, from parent: UInt32) {
    processes[pid] = processes.count < Self.processesMax ? processes[parent] : nil
  }

  mutating func forget(_ pid: UInt32) { processes[pid] = nil }

  /// The parts, and what of the mapping lies between them.
  private static func filled(_ parts: [Mapping], in mapping: Mapping) -> [Mapping] {
    var all: [Mapping] = []
    var next = mapping.start
    for part in parts.sorted(by: { $0.start < $1.start }) {
      if next < part.start { all.append(mapping.part(next, part.start)) }
      all.append(part)
      next = part.end
    }
    if next < mapping.end { all.append(mapping.part(next, mapping.end)) }
    return all
  }
}

extension RemappedText.Mapping {
  var start: UInt64 { image.baseAddress }
  /// The first address after it.
  var end: UInt64 {
    let (end, overflows) = image.baseAddress.addingReportingOverflow(image.size)
    return overflows ? .max : end
  }

  /// The part of it between two addresses.
  fileprivate func part(_ start: UInt64, _ end: UInt64) -> Self {
    var part = self
    part.image.fileOffset = image.fileOffset &+ (start &- image.baseAddress)
    (part.image.baseAddress, part.image.size) = (start, end - start)
    return part
  }
}
