import OSStrings
import TraceEvents

/// Tracks code of images that processes copy into anonymous memory at the same addresses, for
/// example to use huge pages (Node's `--use-largepages`).
///
/// The kernel reports only the new anonymous memory. It still is the image's code if it has the
/// bytes of the image's file; otherwise it may be anything, such as a runtime's memory in place of
/// an unloaded library.
///
/// - Cost: one check of the memory (``ProcessFacts/isUnchanged(_:of:in:mappedAt:)``) for each image
///   that it covers, at most ``comparisonsMax`` for one process.
struct RemappedText {
  /// An image's mapping.
  struct Mapping {
    var image: ImageMap
    /// Time of the mapping (CLOCK_MONOTONIC); nil if it existed when the session began.
    var mappedAt_ns: UInt64?
  }

  private struct Process {
    var mappings: [Mapping] = []
    var comparisons = 0
  }

  static let comparisonsMax = 64
  /// Maximum numbers of mappings kept for one process, and of processes.
  private static let mappingsMax = 1024
  private static let processesMax = 4096

  private var processes: [UInt32: Process] = [:]

  /// Adds a mapping. Returns the mapping, or its parts in order: those that contain an image's code
  /// and those that do not.
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

  /// The parts, and the rest of the mapping between them.
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
  /// The first address after the mapping.
  var end: UInt64 {
    let (end, overflows) = image.baseAddress.addingReportingOverflow(image.size)
    return overflows ? .max : end
  }

  /// The part of the mapping between two addresses.
  fileprivate func part(_ start: UInt64, _ end: UInt64) -> Self {
    var part = self
    part.image.fileOffset = image.fileOffset &+ (start &- image.baseAddress)
    (part.image.baseAddress, part.image.size) = (start, end - start)
    return part
  }
}
