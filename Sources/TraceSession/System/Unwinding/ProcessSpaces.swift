import TraceKernel
import TraceSymbols

/// The executable mappings of processes, from the kernel's records in the order of time.
///
/// A space is *complete* if its process was known from its exec on, or if /proc was read, and no
/// record was lost since. Unmapping is not reported: a later mapping replaces an old one.
///
/// - Guarantee: memory is bounded. Beyond the limits, all spaces are dropped, and read again from
///   /proc for sampled processes.
/// - Cost: a forked process shares its parent's space until one of the two maps something.
struct ProcessSpaces {
  static let processLimit = 16_384
  static let mappingLimit = 2 << 20

  private struct Entry {
    var space = AddressSpace()
    /// Loss counter when this space was last complete; nil if never.
    var wholeSince: UInt64?
    /// Loss counter when /proc was last read for this process.
    var askedSince: UInt64?
  }

  private let processLimit: Int
  private let mappingLimit: Int
  /// Nil if stacks are not unwound; then only the ranges of code are known.
  private let images: UnwindImages?
  private let read: (_ pid: UInt32, _ body: (ProcessMap) -> Void) -> Bool
  private var entries: [UInt32: Entry] = [:]
  private var losses: UInt64 = 0
  /// Total number of mappings in all spaces.
  private(set) var mappingCount = 0
  /// Number of times that a limit was reached.
  private(set) var resets: UInt64 = 0

  init(
    images: UnwindImages?, processLimit: Int = processLimit, mappingLimit: Int = mappingLimit,
    read: @escaping (UInt32, (ProcessMap) -> Void) -> Bool = { ProcessMaps.read(pid: $0, $1) }
  ) {
    self.images = images
    self.processLimit = processLimit
    self.mappingLimit = mappingLimit
    self.read = read
  }

  var count: Int { entries.count }

  // MARK: Process events

  /// Records an executable mapping of a process.
  mutating func map(_ mapping: CodeMapping, pid: UInt32) {
    let image = image(of: mapping, pid)
    change(pid) {
      $0.space.map(
        mapping.start..<mapping.end, offset: mapping.fileOffset,
        image: image)
    }
  }

  /// Records a fork: the child has its parent's mappings; the pid's former owner has ended.
  mutating func fork(_ pid: UInt32, from parent: UInt32) {
    forget(pid)
    if let inherited = entries[parent] { change(pid) { $0 = inherited } }
  }

  /// Records an exec: the process has no mappings.
  mutating func exec(_ pid: UInt32) {
    let losses = losses
    change(pid) { $0 = Entry(wholeSince: losses) }
  }

  mutating func forget(_ pid: UInt32) {
    if let gone = entries.removeValue(forKey: pid) { mappingCount -= gone.space.mappingCount }
  }

  /// Records that kernel records of unknown processes were lost.
  mutating func lose() { losses &+= 1 }

  // MARK: Lookup

  /// The process's mappings, if known; otherwise /proc is read, once until the next loss.
  ///
  /// - Trap: /proc shows the current state. If the process has run another program since, its exec
  ///   record is still to come, and results before it are wrong.
  mutating func space(of pid: UInt32) -> AddressSpace? {
    if let known = entries[pid] {
      if known.wholeSince == losses { return known.space }
      if known.askedSince == losses { return nil }
    }
    let losses = losses
    var fresh = Entry()
    let isThere = readMaps(of: pid, into: &fresh.space)
    if isThere { fresh.wholeSince = losses }
    fresh.askedSince = losses
    change(pid) { entry in
      if isThere { entry = fresh } else { entry.askedSince = losses }
    }
    return isThere ? entries[pid]?.space : nil
  }

  /// Reads the current mappings from /proc.
  private func readMaps(of pid: UInt32, into space: inout AddressSpace) -> Bool {
    read(pid) { map in
      guard map.isExecutable else { return }
      let mapping = CodeMapping(map)
      space.map(
        mapping.start..<mapping.end, offset: mapping.fileOffset,
        image: image(of: mapping, pid))
    }
  }

  private func image(of mapping: CodeMapping, _ pid: UInt32) -> UnwindImages.ID? {
    guard let images, let identity = mapping.identity else { return nil }
    return images.id(of: identity, in: pid, mappedAt: mapping.start..<mapping.end)
  }

  private mutating func change(_ pid: UInt32, _ body: (inout Entry) -> Void) {
    var entry = entries.removeValue(forKey: pid) ?? Entry()
    mappingCount -= entry.space.mappingCount
    body(&entry)
    if entries.count >= processLimit || mappingCount + entry.space.mappingCount > mappingLimit {
      entries.removeAll()
      mappingCount = 0
      resets &+= 1
    }
    mappingCount += entry.space.mappingCount
    entries[pid] = entry
  }
}
