import Glibc
import OSStrings
import TraceAnalysis
import TraceFormat
import TraceRing

/// The buffer sets of a session: one for each process if the session isolates processes; otherwise
/// one for each user whose processes use restartable sequences, and one for each process that does
/// not.
///
/// A process that shares a set can write anything into it, including records that name another
/// process. A process with a private set can only damage its own events.
struct BufferSets {
  struct Entry {
    var id: UInt32
    var set: BufferSet
    /// Whether only one process writes to it. The set is removed when that process ends.
    var isPrivate: Bool
  }

  let parameters: BufferSetParameters
  private let isolatesProcesses: Bool
  private var budget: BufferBudget
  private var shared: [UInt32: Entry] = [:]
  /// The memory of each set, and its user.
  private var costs: [UInt32: (bytes: Int, user: UInt32)] = [:]
  /// Flight recorders of ended processes, oldest first. They are kept until the session stops or
  /// needs the memory.
  private var ended: [UInt32] = []
  private var nextID: UInt32 = 1
  private var nextStream: UInt32 = 0
  /// Number of sets with smaller rings than requested, and of processes that had to share.
  private var smaller = 0
  private var sharing = 0

  init(_ configuration: SessionConfiguration, user: UInt32 = geteuid()) {
    var parameters = BufferSetParameters(
      ringCount: Self.cpuCount,
      ringBytes: Self.ringBytes(configuration.bufferBytesPerCPU),
      mode: configuration.mode.inRing, writerKind: .rseq,
      blockTimeoutNanoseconds: configuration.blockTimeout.nanoseconds)
    parameters.sessionTicks = configuration.startTicks
    self.parameters = parameters
    isolatesProcesses = configuration.isolatesProcesses ?? (user == 0)
    budget = BufferBudget(
      setBytes: RingLayout.setBytes(
        ringCount: parameters.ringCount, ringBytes: parameters.ringBytes), ownUser: user)
  }

  /// The process's set: a new one, passed to `announce` to be drained, or its user's. `evict` is
  /// called with a set that is removed to make space.
  mutating func set(
    uid: UInt32, wantsLockSet: Bool, announce: (BufferSet, UInt32, UInt32) -> Void,
    evict: (UInt32) -> Void = { _ in }
  ) throws(BufferSetError) -> Entry {
    let isMonotonic = ClockKind.here == .monotonic
    let isLocked = wantsLockSet || isMonotonic
    if isLocked || isolatesProcesses {
      var own = parameters
      if isLocked {
        own.writerKind = .lock
        own.ringCount = max(own.ringCount, RingLayout.lockRingCountMin)
        own.usesMonotonicClock = isMonotonic
      }
      while true {
        if let entry = try make(own, uid, isPrivate: true, announce) { return entry }
        guard !ended.isEmpty else { break }
        let oldest = ended.removeFirst()
        evict(oldest)
        release(oldest)
      }
      guard !isLocked else { throw .noMemoryLeft }
      sharing += 1
    }
    if let known = shared[uid] { return known }
    guard let entry = try make(parameters, uid, isPrivate: false, announce) else {
      throw .noMemoryLeft
    }
    shared[uid] = entry
    return entry
  }

  /// Returns nil if there is no memory for the set.
  private mutating func make(
    _ wanted: BufferSetParameters, _ uid: UInt32, isPrivate: Bool,
    _ announce: (BufferSet, UInt32, UInt32) -> Void
  ) throws(BufferSetError) -> Entry? {
    var parameters = wanted
    let (count, size) = (parameters.ringCount, parameters.ringBytes)
    let fitting =
      budget.ringBytes(wanted: size, ringCount: count, user: uid)
      ?? (isPrivate
        ? nil : budget.ringBytes(wanted: size, ringCount: count, user: uid, isLastResort: true))
    guard let fitting, nextStream < StreamNumbers.rings.upperBound - UInt32(count)
    else { return nil }
    parameters.ringBytes = fitting
    parameters.firstStream = nextStream
    let entry = Entry(id: nextID, set: try BufferSet.create(parameters), isPrivate: isPrivate)
    let bytes = RingLayout.setBytes(ringCount: count, ringBytes: fitting)
    budget.take(bytes, user: uid)
    costs[nextID] = (bytes, uid)
    if fitting < size { smaller += 1 }
    announce(entry.set, nextID, nextStream)
    nextID += 1
    nextStream += UInt32(count)
    return entry
  }

  /// Handles the end of a set's only process; false if the set is kept for now.
  mutating func end(_ id: UInt32) -> Bool {
    if parameters.mode == .overwrite {
      ended.append(id)
      return false
    }
    release(id)
    return true
  }

  private mutating func release(_ id: UInt32) {
    guard let cost = costs.removeValue(forKey: id) else { return }
    budget.giveBack(cost.bytes, user: cost.user)
  }

  /// Restrictions on processes' buffers, as sentences for users.
  var problems: [String] {
    let why =
      "a session's buffers take \(budget.bytesMax >> 20) MiB at most, and each new process gets "
      + "half of the rest"
    var sentences: [String] = []
    if smaller > 0 {
      sentences.append(
        "\(counted(smaller, "buffer set has", "buffer sets have")) less than "
          + "\(parameters.ringBytes >> 10) KiB for each CPU: \(why)")
    }
    if sharing > 0 {
      sentences.append(
        "\(counted(sharing, "process shares its", "processes share their")) user's buffers and "
          + "\(sharing == 1 ? "is" : "are") not isolated from other processes: \(why); a smaller "
          + "-buffer-size isolates more of them")
    }
    return sentences
  }

  /// Rounds up to a valid ring size, a power of two.
  static func ringBytes(_ wanted: Int) -> Int {
    var bytes = RingLayout.ringBytesMin
    while bytes < wanted, bytes < RingLayout.ringBytesMax { bytes *= 2 }
    return bytes
  }

  /// The upper bound of CPU numbers, including CPUs that are offline now.
  static let cpuCount: Int = {
    let configured = max(1, sysconf(Int32(_SC_NPROCESSORS_CONF)))
    return min(max(configured, possibleCPUs() ?? 0), RingLayout.ringCountMax)
  }()

  /// Parses a list such as "0-7,16", which yields 17.
  private static func possibleCPUs() -> Int? {
    guard let file = OSPath.fopen("/sys/devices/system/cpu/possible", "re") else { return nil }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    guard fgets(&line, Int32(line.count), file) != nil else { return nil }
    let text = line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    let last = text.split { !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }.last
    return last.flatMap { Int(String(decoding: $0, as: UTF8.self)) }.map { $0 + 1 }
  }
}

extension TraceFormat.BufferMode {
  fileprivate var inRing: TraceRing.BufferMode {
    switch self {
    case .discard: .discard
    case .overwrite: .overwrite
    case .block: .block
    }
  }
}

extension Duration {
  /// Nanoseconds, clamped to 0 and about 584 years.
  var nanoseconds: UInt64 {
    let (seconds, attoseconds) = components
    guard seconds >= 0, attoseconds >= 0 else { return 0 }
    let (whole, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
    return overflow
      ? .max : whole.addingReportingOverflow(UInt64(attoseconds) / 1_000_000_000).partialValue
  }
}
