import TraceKernel
import TraceSymbols

/// What processes have mapped to execute, as the kernel's records tell it in the order of time.
///
/// A space is *whole* when its process was known from its exec on, or when /proc was read, and no
/// record was lost since. What a process unmaps is not reported: a later mapping covers it.
///
/// - Guarantee: memory is bounded. Beyond the limits all is forgotten, and read again from /proc
///   for whoever is sampled.
/// - Cost: a process that forks shares its parent's space until one of the two maps something.
struct ProcessSpaces {
  static let processLimit = 16_384
  static let mappingLimit = 2 << 20

  private struct Entry {
    var space = AddressSpace()
    /// As many losses had happened when the space was whole; nil: never.
    var wholeSince: UInt64?
    /// As many losses had happened when /proc was asked and knew nothing.
    var askedSince: UInt64?
  }

  private let processLimit: Int
  private let mappingLimit: Int
  /// Nil where nobody unwinds: then it is only known where there is code.
  private let images: UnwindImages?
  private let read: (_ pid: UInt32, _ body: (ProcessMap) -> Void) -> Bool
  private var entries: [UInt32: Entry] = [:]
  private var losses: UInt64 = 0
  /// Of all spaces together.
  private(set) var mappingCount = 0
  /// How often the limits were reached.
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

  // MARK: What happens to processes

  /// A process has mapped something to execute.
  mutating func map(_ mapping: CodeMapping, pid: UInt32) {
    let image = image(of: mapping, pid)
    change(pid) {
      $0.space.map(
        mapping.start..<mapping.end, offset: mapping.fileOffset,
        image: image)
    }
  }

  /// The child has what its parent has; its number's former owner is gone.
  mutating func fork(_ pid: UInt32, from parent: UInt32) {
    forget(pid)
    if let inherited = entries[parent] { change(pid) { $0 = inherited } }
  }

  /// The process begins anew, with nothing mapped.
  mutating func exec(_ pid: UInt32) {
    let losses = losses
    change(pid) { $0 = Entry(wholeSince: losses) }
  }

  mutating func forget(_ pid: UInt32) {
    if let gone = entries.removeValue(forKey: pid) { mappingCount -= gone.space.mappingCount }
  }

  /// Records were lost, of whom nobody knows.
  mutating func lose() { losses &+= 1 }

  // MARK: Looking up

  /// What the process has mapped, if that is known; otherwise /proc is asked, once until the next
  /// loss.
  ///
  /// - Trap: /proc tells of now. Of a process that runs another program since, its exec is yet to
  ///   come, and what is told of it before that is wrong.
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

  /// Takes what /proc says now in place of what is known: when a session begins.
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
