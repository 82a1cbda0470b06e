import Glibc
import OSStrings
import TraceEvents

/// Code of images that processes copy into anonymous memory at the same addresses, as those do that
/// want it in huge pages (Node's `--use-largepages`, for one).
///
/// The kernel tells only that there is anonymous memory now. It is the image's code still if it has
/// the bytes of the image's file; otherwise it may be anything, such as a runtime's memory in the
/// place of a library that was unloaded.
///
/// - Cost: reads at most ``comparedMax`` bytes of the process and of the file for each image that
///   such memory covers, ``comparisonsMax`` times in a process.
struct RemappedText {
  /// An image's mapping, and the same for the unwinder.
  struct Mapping {
    var image: ImageMap
    var code: CodeMapping
    /// CLOCK_MONOTONIC; nil for one that was there when the session began.
    var mappedAt_ns: UInt64?
  }

  private struct Process {
    var mappings: [Mapping] = []
    var comparisons = 0
  }

  static let comparisonsMax = 64
  static let comparedMax = 1 << 20
  private static let windowBytes = 4096
  /// More mappings of one process are not kept, nor more processes.
  private static let mappingsMax = 1024
  private static let processesMax = 4096

  private var processes: [UInt32: Process] = [:]

  /// What a process maps, in its place: the mapping itself, or the parts of it that are an image's
  /// and those that are not, in order.
  mutating func map(_ mapping: Mapping, pid: UInt32, _ files: ImageFiles) -> [Mapping] {
    let isMemory =
      mapping.image.buildID.isEmpty
      && MappedName(shown: mapping.image.path).kind.mayHoldRuntimeCode
    guard processes[pid] != nil || (!isMemory && processes.count < Self.processesMax) else {
      return [mapping]
    }
    var process = processes.removeValue(forKey: pid) ?? Process()
    defer { processes[pid] = process }
    let code = mapping.code
    let covered = process.mappings.filter { $0.code.start < code.end && code.start < $0.code.end }
    var parts: [Mapping] = []
    if isMemory, !covered.isEmpty {
      let file = OSPath.open("/proc/\(pid)/mem", O_RDONLY | O_CLOEXEC)
      defer { if file >= 0 { close(file) } }
      for known in covered where file >= 0 && process.comparisons < Self.comparisonsMax {
        process.comparisons += 1
        let part = known.part(max(code.start, known.code.start), min(code.end, known.code.end))
        if Self.isUnchanged(part, of: known, pid, memory: file, files) { parts.append(part) }
      }
    }
    let kept = parts.map { $0.image.baseAddress }
    process.mappings.removeAll { known in
      known.code.start < code.end && code.start < known.code.end
        && !kept.contains(max(code.start, known.code.start))
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
    var next = mapping.code.start
    for part in parts.sorted(by: { $0.code.start < $1.code.start }) {
      if next < part.code.start { all.append(mapping.part(next, part.code.start)) }
      all.append(part)
      next = part.code.end
    }
    if next < mapping.code.end { all.append(mapping.part(next, mapping.code.end)) }
    return all
  }

  // MARK: Comparing

  /// Whether the process has at the part's addresses what the image's file has there.
  private static func isUnchanged(
    _ part: Mapping, of known: Mapping, _ pid: UInt32, memory: Int32, _ files: ImageFiles
  ) -> Bool {
    let image = known.image
    let mapping = ImageFiles.Mapping(
      pid: pid, start: known.code.start, end: known.code.end,
      name: MappedName(shown: image.path), buildID: image.buildID, device: image.device,
      inode: image.inode, mappedAt_ns: known.mappedAt_ns)
    guard let file = files.open(mapping) else { return false }
    defer { close(file) }
    let size = part.image.size
    let windows = UInt64(comparedMax / windowBytes)
    // Of a long part, windows at equal distances, the last one at its end.
    let step = size <= UInt64(comparedMax) ? UInt64(windowBytes) : size / windows
    var offset: UInt64 = 0
    while offset < size {
      let isLast = size - offset <= max(step, UInt64(windowBytes))
      if isLast, size > UInt64(windowBytes) { offset = size - UInt64(windowBytes) }
      let count = Int(min(UInt64(windowBytes), size - offset))
      let inMemory = bytes(memory, at: part.image.baseAddress &+ offset, count)
      let inFile = bytes(file, at: part.image.fileOffset &+ offset, count)
      // Behind the file's end, memory has zeros.
      guard inMemory.count == count, inMemory.starts(with: inFile),
        inMemory[inFile.count...].allSatisfy({ $0 == 0 }), offset > 0 || !inFile.isEmpty
      else { return false }
      if isLast { return true }
      offset += step
    }
    return false
  }

  private static func bytes(_ file: Int32, at offset: UInt64, _ count: Int) -> [UInt8] {
    guard let place = off_t(exactly: offset) else { return [] }
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      filled = max(0, pread(file, buffer.baseAddress, count, place))
    }
  }
}

extension RemappedText.Mapping {
  /// The part of it between two addresses.
  fileprivate func part(_ start: UInt64, _ end: UInt64) -> Self {
    var part = self
    let offset = image.fileOffset &+ (start &- image.baseAddress)
    (part.image.baseAddress, part.image.size, part.image.fileOffset) = (start, end - start, offset)
    (part.code.start, part.code.end, part.code.fileOffset) = (start, end, offset)
    return part
  }
}
