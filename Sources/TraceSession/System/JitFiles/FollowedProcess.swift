import CTraceShims
import Glibc
import OSStrings
import TraceKernel

/// A process whose jitdump files and perf map are read.
final class FollowedProcess {
  private(set) var owner: CodeOwner
  private var place: ProcessPlace
  private var dumps: [FollowedJitdump] = []
  private var map: FollowedPerfMap?
  /// Whether to search for a perf map.
  private var seeksMap = false
  private var mapPause = Pause()
  /// Possible paths of its perf map; nil until first needed.
  private var mapPaths: [String]?
  private var isFirstProbe = true
  /// Last time (CLOCK_MONOTONIC) at which this program had no perf map; 0 if not known.
  private var absentAt: UInt64
  /// Lower bound of the times of this program (CLOCK_MONOTONIC); 0 if not known.
  private var began: UInt64
  /// When its current program began.
  private var program: ProgramTimes
  /// When it ended or ran another program (CLOCK_REALTIME); nil while it runs, or if not known.
  private var endedAt: Int64?
  /// Whether its last program ended by an exec.
  private var runsOn = false
  /// Whether its maps are searched for jitdump files, if no notices report them.
  private let scansMaps: Bool
  private var scanPause = Pause()
  private var told: Set<FollowedFile.Refusal> = []
  private var hasNotedRoom = false
  private let shared: CodeFileShared

  /// The pause between two searches: longer each time, up to a limit.
  private struct Pause {
    static let first: UInt64 = 100_000_000
    static let longest: UInt64 = 1_000_000_000
    var next: UInt64 = 0
    var length = first

    mutating func isOver(_ now: UInt64) -> Bool {
      guard now >= next else { return false }
      next = now &+ length
      length = min(2 * length, Self.longest)
      return true
    }
  }

  /// Maximum time of reading the old program's files after an exec.
  private static let execLimit_ns: UInt64 = 1_000_000_000

  /// - Parameter beganTicks: when its program began; nil if not known.
  init(
    _ owner: CodeOwner, _ shared: CodeFileShared, scansMaps: Bool = false,
    beganTicks: UInt64? = nil
  ) {
    self.owner = owner
    self.shared = shared
    self.scansMaps = scansMaps
    place = ProcessPlace(pid: owner.pid)
    program = Self.times(beganTicks, place, shared)
    self.owner.began = beganTicks.flatMap(shared.monotonic(ofTicks:)) ?? 0
    began = place.startMonotonic ?? 0
    absentAt = began
    if place.isElsewhere { shared.opened() }
  }

  deinit { if place.isElsewhere { shared.closed() } }

  private static func times(
    _ ticks: UInt64?, _ place: ProcessPlace, _ shared: CodeFileShared
  ) -> ProgramTimes {
    if let time = ticks.flatMap(shared.realtime(ofTicks:)) { return ProgramTimes(exactly: time) }
    if let start = place.startNanoseconds { return ProgramTimes(procStart: start) }
    return ProgramTimes(
      earliest: shared.startRealtime, latest: Int64(clamping: trace_realtime_ns()))
  }

  // MARK: Notices

  /// Called when there may be a perf map; searches for it in the next round.
  func seekMap() {
    guard !seeksMap else { return }
    seeksMap = true
    mapPause = Pause()
  }

  /// Called when the process has mapped a jitdump file.
  func mapped(_ path: String, device: UInt64, inode: UInt64) {
    guard dumps.count < CodeFileLimits.dumpsPerProcess else { return }
    // A forked child still has its parent's file mapped, which reports the parent's code.
    guard case .jitdump(let number) = MappedName(shown: path).kind, place.numbers.contains(number)
    else { return }
    guard hasRoom else { return }
    do throws(FollowedFile.Refusal) {
      let file = try place.open(path)
      guard let status = file.status else { return }
      // If the devices differ, the file system shows other numbers than the kernel's.
      if inode != 0, status.device == device, status.inode != inode { throw .replaced }
      guard !dumps.contains(where: { $0.isSame(as: status) }) else { return }
      let clock = JitdumpClock(floor: began, namespaceOffset: place.monotonicOffset)
      let dump = FollowedJitdump(path: path, file, clock: clock)
      guard dump.join(self, number: place.ownNumber, isHeir: false, shared) else { return }
      dumps.append(dump)
      shared.opened()
    } catch { refuse(path, error) }
  }

  /// Called when the process was forked from another one, whose dumps it may continue to write.
  func inherit(from parent: FollowedProcess) {
    began = parent.began
    for dump in parent.dumps.prefix(CodeFileLimits.dumpsPerProcess - dumps.count) {
      if dump.join(self, number: place.ownNumber, isHeir: true, shared) { dumps.append(dump) }
    }
  }

  /// Whether processes forked from it may write into its dumps.
  var hasDumps: Bool { !dumps.isEmpty }

  /// Called when the process runs another program: data written until now belongs to the old one.
  func execed(atTicks ticks: UInt64) {
    owner.endTicks = ticks
    endMap(atTicks: ticks, runsOn: true)
    let deadline = trace_monotonic_ns() &+ Self.execLimit_ns
    while look(trace_monotonic_ns(), mayProbe: false), trace_monotonic_ns() < deadline {}
    finishDumps()
    finishMap()
    endedAt = nil
    owner.endTicks = nil
    owner.isRundown = false
    if place.isElsewhere { shared.closed() }
    place = ProcessPlace(pid: owner.pid)
    program = Self.times(ticks, place, shared)
    owner.began = shared.monotonic(ofTicks: ticks) ?? 0
    began = place.startMonotonic ?? 0
    absentAt = began
    if place.isElsewhere { shared.opened() }
    mapPause = Pause()
    mapPaths = nil
  }

  /// - Parameter isExact: whether the process ended at this time, not earlier.
  func ended(atTicks ticks: UInt64, isExact: Bool) {
    owner.endTicks = ticks
    endMap(atTicks: isExact ? ticks : nil)
    for dump in dumps { dump.freezeIfOnlyWriter() }
  }

  /// Searches a last time for the map of what has ended, and excludes what is written to it from
  /// now on.
  ///
  /// - Parameter runsOn: whether the process now runs another program.
  private func endMap(atTicks ticks: UInt64?, runsOn: Bool = false) {
    endedAt = ticks.flatMap(shared.realtime(ofTicks:))
    self.runsOn = runsOn
    if seeksMap, map == nil { probe() }
    map?.end(at: endedAt, shared)
  }

  /// Called when the session ends: excludes data that is added from now on.
  func freeze() {
    map?.freeze()
    for dump in dumps { dump.freeze() }
  }

  // MARK: Reading

  /// Reads new data; true if there is more.
  func look(_ now: UInt64, mayProbe: Bool = true) -> Bool {
    if mayProbe, scansMaps, owner.endTicks == nil, scanPause.isOver(now) { scan() }
    if mayProbe, seeksMap, owner.endTicks == nil, map?.isUnused ?? true, mapPause.isOver(now) {
      probe()
    }
    var hasMore = false
    for dump in dumps where dump.look(shared) { hasMore = true }
    switch map?.look(owner, shared) {
    case .more: hasMore = true
    case .replaced:
      absentAt = now
      finishMap()
      mapPause = Pause()
      if owner.endTicks != nil {
        probe()
        map?.end(at: endedAt, shared)
      }
      hasMore = true
    case .done, nil: break
    }
    return hasMore
  }

  private func scan() {
    ProcessMaps.read(pid: owner.pid) { map in
      guard map.name.kind.isJitdump, !map.isDeleted else { return }
      mapped(map.path, device: map.device, inode: map.inode)
    }
  }

  private func probe() {
    defer { isFirstProbe = false }
    guard hasRoom else { return }
    let now = trace_monotonic_ns()
    let paths =
      mapPaths
      ?? PerfMapPaths.paths(
        number: place.ownNumber, environment: PerfMapPaths.environment(of: owner.pid))
    mapPaths = paths
    var isAbsent = true
    /// A file that has nothing of this process yet.
    var unused: FollowedPerfMap?
    for path in paths where path != map?.path {
      do throws(FollowedFile.Refusal) {
        let found = try openMap(path)
        guard found.isUnused else { return follow(found) }
        unused = unused ?? found
      } catch {
        if error != .absent, error != .isStale { isAbsent = false }
        refuse(path, error)
      }
    }
    if map == nil, let unused { follow(unused) }
    if isAbsent { absentAt = now }
  }

  private func openMap(_ path: String) throws(FollowedFile.Refusal) -> FollowedPerfMap {
    let file = try place.open(path)
    guard let status = file.status else { throw .absent }
    if let endedAt {
      // A map that is found only now may be the next program's, or the next process's if several
      // have had this number.
      let order = ProgramTimes(exactly: endedAt).compare(modified: status.modified)
      let isShared = runsOn || shared.ledger.has(file)
      if order == .after || order == .unclear && isShared { throw .isStale }
    } else if shared.hasVanished(owner) {
      // The notice of its end, which states the time, is under way.
      throw .isStale
    }
    guard let start = shared.ledger.start(in: file, status, of: program) else { throw .isStale }
    return FollowedPerfMap(
      path: path, file, isRundown: owner.isRundown && isFirstProbe, absentAt: absentAt, from: start)
  }

  private func follow(_ found: FollowedPerfMap) {
    finishMap()
    map = found
    shared.opened()
  }

  private var hasRoom: Bool {
    if shared.mayOpen { return true }
    if !hasNotedRoom { shared.noteNotFollowed() }
    hasNotedRoom = true
    return false
  }

  private func refuse(_ path: String, _ refusal: FollowedFile.Refusal) {
    guard let text = refusal.text, told.insert(refusal).inserted else { return }
    shared.note(path, text)
  }

  // MARK: The end

  /// Finishes the files; nothing more is read for this process.
  ///
  /// - Parameter deadline: CLOCK_MONOTONIC; nothing is read after it.
  func finish(isWhole: Bool = true, deadline: UInt64 = .max) {
    if !isWhole {
      for path in dumps.map(\.path) + (map.map { [$0.path] } ?? []) {
        shared.note(path, "was not read to its end, because the session ended first")
      }
    }
    finishDumps(deadline: isWhole ? deadline : 0)
    finishMap()
  }

  private func finishDumps(deadline: UInt64 = .max) {
    for dump in dumps where dump.leave(self, shared, deadline: deadline) { shared.closed() }
    dumps = []
  }

  private func finishMap() {
    guard let map else { return }
    map.finish(owner, shared)
    shared.closed()
    self.map = nil
  }
}
