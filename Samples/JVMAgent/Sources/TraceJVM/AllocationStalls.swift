import CJVM
import Glibc
import Synchronization
import TraceEvents
import TraceProvider

/// Reports threads that wait for ZGC to free memory. JVMTI does not report these waits, but the
/// machine's log does. While a session has them enabled, the machine logs them to a file in memory,
/// which a thread of the agent reads.
///
/// - Guarantee: the machine never waits for the agent, because the file always has room. Without a
///   session, nothing is logged and no thread runs.
/// - Cost: a line of some 60 bytes for each stall and each collection. Memory is released as the
///   file is read, ten times a second.
enum AllocationStalls {
  private struct State {
    var file: Int32 = -1
    var reader = StallReader()
    /// Incremented at each start and end, so that an earlier thread stops.
    var turn = 0
    var isRefused = false
  }

  private static let state = Mutex(State())
  private static let pauseMicroseconds: UInt32 = 100_000

  /// Whether ``follow(_:_:)`` might change anything; does not call the machine.
  static func isDue(_ isWanted: Bool) -> Bool {
    state.withLock { isWanted != ($0.file >= 0 || $0.isRefused) }
  }

  /// Enables or disables the reports. Must be called on an attached thread while the machine is
  /// live.
  static func follow(_ isWanted: Bool, _ environment: UnsafeMutablePointer<JNIEnv?>?) {
    guard let environment else { return }
    guard isDue(isWanted), !isWanted || isUsingZGC else { return }
    if isWanted { begin(environment) } else { end(environment) }
  }

  /// Emits the stalls logged so far. May be called on any thread.
  static func drain() {
    let lines = state.withLock { $0.file < 0 ? [] : $0.reader.read($0.file) }
    for line in lines {
      Runtime.provider.emit(
        GCAllocationStall(
          threadID: line.thread, threadName: line.name.clipped(toBytes: TextLimit.nameBytes),
          duration: line.duration_ns, until: line.until),
        stack: { _ in })
    }
  }

  private static func begin(_ environment: UnsafeMutablePointer<JNIEnv?>) {
    let file = cjvm_memory_file("zgc-log")
    // A single file: the machine would rename a log that it rotates.
    let answer =
      file < 0
      ? nil
      : DiagnosticCommand.run(
        "VM.log output=file=\(path(file)) output_options=filecount=0 what=gc=info "
          + "decorators=timenanos,tid", environment)
    // The command prints nothing if it succeeds.
    guard let answer, answer.allSatisfy(\.isWhitespace) else {
      if file >= 0 { close(file) }
      state.withLock { $0.isRefused = true }
      Runtime.provider.explain(
        GCAllocationStall.self,
        "the virtual machine cannot log ZGC's allocation stalls: "
          + (answer.map { String($0.prefix(200)) } ?? "it has no module jdk.management"))
      return
    }
    let turn = state.withLock { state in
      state.file = file
      state.reader = StallReader()
      state.turn += 1
      return state.turn
    }
    startThread(turn)
  }

  private static func end(_ environment: UnsafeMutablePointer<JNIEnv?>) {
    let file = state.withLock { $0.file }
    if file >= 0 {
      _ = DiagnosticCommand.run("VM.log output=file=\(path(file)) what=all=off", environment)
    }
    drain()
    state.withLock { state in
      if state.file >= 0 { close(state.file) }
      state.file = -1
      state.turn += 1
      state.isRefused = false
    }
  }

  private static func path(_ file: Int32) -> String { "/proc/self/fd/\(file)" }

  /// Detected by the names of threads, which differ between collectors.
  private static var isUsingZGC: Bool {
    guard let tasks = opendir("/proc/self/task") else { return false }
    defer { closedir(tasks) }
    while let entry = readdir(tasks) {
      let task = withUnsafeBytes(of: entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      guard let comm = fopen("/proc/self/task/\(task)/comm", "re") else { continue }
      defer { fclose(comm) }
      var name = [CChar](repeating: 0, count: 32)
      if fgets(&name, 32, comm) != nil, strncmp(name, "ZDirector", 9) == 0 { return true }
    }
    return false
  }

  // MARK: The thread

  private static func startThread(_ turn: Int) {
    var thread = pthread_t()
    var all = sigset_t()
    var before = sigset_t()
    sigfillset(&all)
    // Blocked signals are inherited by the new thread, which must not handle the program's signals.
    pthread_sigmask(SIG_SETMASK, &all, &before)
    let argument = UnsafeMutableRawPointer(bitPattern: turn)
    let code = pthread_create(
      &thread, nil,
      { argument in
        AllocationStalls.run(turn: Int(bitPattern: argument))
        return nil
      }, argument)
    pthread_sigmask(SIG_SETMASK, &before, nil)
    if code == 0 { pthread_detach(thread) }
  }

  private static func run(turn: Int) {
    cjvm_name_thread("trace stalls")
    while state.withLock({ $0.turn == turn }) {
      drain()
      usleep(pauseMicroseconds)
    }
  }
}

/// Reads lines from a file to which another writer appends.
struct StallReader {
  private var position = 0
  private var rest: [UInt8] = []
  private var discarded = 0

  private static let windowBytes = 64 << 10
  private static let lineBytesMax = 8192
  private static let pageBytes = 4096

  /// Returns the stalls in the lines that were completed since the last call.
  mutating func read(_ file: Int32) -> [StallLine] {
    var found: [StallLine] = []
    while true {
      let position = position
      let bytes = [UInt8](unsafeUninitializedCapacity: Self.windowBytes) { buffer, count in
        count = max(0, pread(file, buffer.baseAddress!, buffer.count, position))
      }
      guard !bytes.isEmpty else { break }
      self.position += bytes.count
      rest += bytes
      while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
        if let line = StallLine(String(decoding: rest[..<end], as: UTF8.self)) {
          found.append(line)
        }
        rest.removeFirst(end + 1)
      }
      if rest.count > Self.lineBytesMax { rest = [] }
    }
    let whole = position / Self.pageBytes * Self.pageBytes
    if whole > discarded {
      cjvm_discard(file, whole)
      discarded = whole
    }
    return found
  }
}
