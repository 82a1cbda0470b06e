internal import Glibc
internal import OSStrings
internal import TraceEvents
internal import TraceFormat
internal import TraceKernel
internal import TraceSymbols

/// Reads the jitdump files and perf maps of a recording's processes: those beside the recording,
/// and, if it was made on this machine, those where the processes wrote them.
final class PerfCode: RuntimeCodeObserver {
  private struct Program {
    var process: UInt32
    /// When it began, if that was recorded.
    var began: UInt64?
    var dumps: [String] = []
    /// Whether it has mapped images that `perf inject --jit` made of its code.
    var hasInjected = false
  }

  private let sink: PerfSink
  private let place: PerfPlace
  private let start: UInt64
  private var programs: [UInt32: Program] = [:]
  private var beginnings: [UInt32: UInt64] = [:]
  private var lastEnd: UInt64 = 0
  /// What the files say, as sentences.
  private(set) var notes: [String] = []
  private(set) var entries: UInt64 = 0

  private static let programsMax = 65_536
  private static let dumpsMax = 8
  private static let notesMax = 16
  static let entriesMax: UInt64 = 4_000_000

  init(_ sink: PerfSink, _ place: PerfPlace, start: UInt64) {
    (self.sink, self.place, self.start) = (sink, place, start)
  }

  // MARK: RuntimeCodeObserver

  func sampled(_ pid: UInt32, process: UInt32, atTicks ticks: UInt64) {
    if pid != 0, programs[pid] == nil { know(pid, process) }
  }

  func mapped(_ image: ImageMap, pid: UInt32, process: UInt32, atTicks ticks: UInt64) {
    if programs[pid] == nil { know(pid, process) }
    let name = MappedName(shown: image.path)
    if name.kind.isJitdump {
      guard let known = programs[pid], known.dumps.count < Self.dumpsMax,
        !known.dumps.contains(name.path)
      else { return }
      programs[pid]?.dumps.append(name.path)
    } else if PerfInjected.isImage(name.path) {
      programs[pid]?.hasInjected = true
    }
  }

  private func know(_ pid: UInt32, _ process: UInt32) {
    guard programs.count < Self.programsMax else { return }
    programs[pid] = Program(process: process, began: beginnings.removeValue(forKey: pid))
  }

  func found(_ map: ProcessMap, pid: UInt32, process: UInt32, atTicks ticks: UInt64) {}

  func forked(_ pid: UInt32, from parent: UInt32, process: UInt32, atTicks ticks: UInt64) {
    begin(pid, ticks)
  }

  func execed(_ pid: UInt32, process: UInt32, atTicks ticks: UInt64) {
    if let known = programs.removeValue(forKey: pid) { report(pid, known, end: ticks) }
    begin(pid, ticks)
  }

  private func begin(_ pid: UInt32, _ ticks: UInt64) {
    if beginnings.count < Self.programsMax { beginnings[pid] = ticks }
  }

  func ended(_ pid: UInt32, atTicks ticks: UInt64) {
    beginnings[pid] = nil
    if let known = programs.removeValue(forKey: pid) { report(pid, known, end: ticks) }
  }

  func forget(_ pid: UInt32) {
    beginnings[pid] = nil
    programs[pid] = nil
  }

  /// Reports the code of the programs that have not ended.
  func finish(atTicks ticks: UInt64) {
    for (pid, program) in programs.sorted(by: { $0.key < $1.key }) {
      report(pid, program, end: nil, now: ticks)
    }
    programs = [:]
  }

  // MARK: Reading

  private func report(_ pid: UInt32, _ program: Program, end: UInt64?, now: UInt64 = 0) {
    guard place.directory != nil, !program.hasInjected else { return }
    var owner = CodeFileOwner(
      pid: pid, process: program.process, began: program.began ?? 0, end: end, start: start,
      ticks: now)
    for path in program.dumps { read(path, &owner, isMap: false) }
    read("/tmp/perf-\(pid).map", &owner, isMap: true)
    lastEnd = max(lastEnd, owner.ticks)
  }

  private func read(_ path: String, _ owner: inout CodeFileOwner, isMap: Bool) {
    guard let (descriptor, name) = open(path) else { return }
    defer { close(descriptor) }
    if let end = owner.end {
      // Code belongs to the process while it has the pid; the times of such events ascend.
      owner.ticks = max(lastEnd, end > 0 ? end - 1 : 0)
    }
    guard isOfProcess(descriptor, owner, name) else { return }
    let output = CodeFileOutput(sink, owner, source: isMap ? .perfMap : .jitdump, path: name)
    if isMap {
      PerfMapFile.read(descriptor, output)
    } else {
      JitdumpFile.read(descriptor, output, hasSameClock: place.isMonotonic)
    }
    entries += output.entries
    for problem in output.finish() { note("\(name) \(problem)") }
    lastEnd = owner.ticks
  }

  /// Opens a file beside the recording, or at its own place on this machine.
  private func open(_ path: String) -> (CInt, String)? {
    guard let directory = place.directory else { return nil }
    var paths = [directory + "/" + Self.base(path)]
    if place.isHere, path.hasPrefix("/") { paths.append(path) }
    for path in paths {
      let descriptor = ForeignFile.open(path)
      if descriptor >= 0 { return (descriptor, path) }
    }
    return nil
  }

  /// Whether the process can have written the file: it was last modified while the process ran.
  private func isOfProcess(_ descriptor: CInt, _ owner: CodeFileOwner, _ name: String) -> Bool {
    var status = stat()
    guard let offset = place.wallOffset, fstat(descriptor, &status) == 0 else { return true }
    let modified = Int64(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_mtim.tv_nsec)
    let began = Int64(clamping: owner.began) &+ offset
    if owner.began > 0, modified < began &- Self.slack_ns {
      note("\(name) is older than process \(owner.pid), and was not read")
      return false
    }
    return true
  }

  private static let slack_ns: Int64 = 2_000_000_000

  private func note(_ text: String) {
    if notes.count < Self.notesMax, !notes.contains(text) { notes.append(text) }
  }

  static func base(_ path: String) -> String {
    path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path
  }
}
