import CTraceShims
import Foundation
import TestSupport
import Testing
import TraceControl
import TraceEvents
import TraceFormat
import TraceRing

@testable import TraceSession

/// The process's side of the protocol, in a separate process.
@Suite struct TracedProcessTests {
  let place = TemporaryDirectory()
  var runtime: String { "\(place.path)/meet" }

  func start(
    _ providers: String = "Storm", file: String = "trace.etl",
    _ change: (inout SessionConfiguration) -> Void = { _ in }
  ) throws -> Session {
    var configuration = SessionConfiguration(
      providers: try ProviderSpec.parse(providers), outputPath: "\(place.path)/\(file)")
    configuration.bufferBytesPerCPU = 128 << 10
    configuration.mode = .block
    change(&configuration)
    let session = Session(configuration, places: [.init(path: runtime, kind: .user)])
    try session.start()
    return session
  }

  func storm(_ arguments: String..., environment: [String: String] = [:]) throws -> StormProcess {
    try StormProcess(arguments, runtimeDirectory: runtime, environment: environment)
  }

  /// Waits for a process that emits to the session.
  func waitForProcess(_ session: Session) throws {
    try waitUntil { session.statistics.processes == 1 }
    #expect(session.waitUntilEnabled(timeout: .seconds(10)))
  }

  @Test func sessionFindsWhatRuns() throws {
    let storm = try storm("--events", "500", "--wait-for-enable", "20")
    let session = try start()
    try storm.waitUntilExit()
    #expect(session.stop().events == 500)
  }

  @Test func providerDirectoryListsWhatRuns() throws {
    let storm = try storm("--events", "1", "--hold-open", "20")
    defer { storm.kill() }
    var entries: [ProviderDirectory.Entry] = []
    try waitUntil {
      entries =
        (try? ProviderDirectory.collect(
          for: .milliseconds(20), places: [.init(path: runtime, kind: .user)])) ?? []
      // On a busy machine, a process may not have described its providers within that time.
      return entries.contains { !$0.providers.isEmpty }
    }
    #expect(entries.map(\.process.pid) == [UInt32(storm.pid)])
    let provider = try #require(entries.first?.providers.first { $0.name == "Storm" })
    #expect(provider.keywords.map(\.name).contains("Counter"))
    #expect(provider.events.map(\.name).contains("Counter"))
    #expect(storm.descriptors().allSatisfy { !$0.contains("trace-buffers") })
  }

  @Test func twoSessionsWithDifferentKeywords() throws {
    let counters = try start("Storm:Counter", file: "counters.etl")
    let nothing = try start("Storm:0x8000", file: "nothing.etl")
    let both = try start("Storm:Text+Counter", file: "both.etl")
    let storm = try storm("--events", "3000", "--payload", "mixed")
    try storm.waitUntilExit()
    func names(_ file: String) throws -> Set<String> {
      let trace = try TraceFile(path: "\(place.path)/\(file)")
      return Set(trace.eventTypes.filter { $0.count > 0 }.map(\.schema.name))
    }
    for session in [counters, nothing, both] { #expect(session.stop().lostInAll == 0) }
    #expect(try names("counters.etl") == ["Counter"])
    #expect(try names("nothing.etl") == [])
    #expect(try names("both.etl").count == 2)
  }

  @Test func theNinthSessionIsRefusedWithAMessage() throws {
    let storm = try storm("--events", "100", "--wait-for-enable", "20", "--hold-open", "60")
    defer { storm.kill() }
    var sessions: [Session] = []
    for index in 0..<ControlLimits.sessions {
      let session = try start(file: "\(index).etl")
      try waitForProcess(session)
      sessions.append(session)
    }
    let ninth = try start(file: "ninth.etl")
    try waitUntil { ninth.processes.first?.isRunning == false }
    #expect(ninth.processes.first?.problems.first?.contains("8 sessions trace it") == true)
    ninth.stop()
    // One session ends; there is a free slot again.
    sessions.removeLast().stop()
    let next = try start(file: "next.etl")
    try waitForProcess(next)
    next.stop()
    for session in sessions { session.stop() }
  }

  @Test func aForkedChildStartsOver() throws {
    let session = try start()
    let storm = try storm("--events", "1000", "--fork")
    try storm.waitUntilExit()
    #expect(session.stop().events == 2000)
    #expect(session.statistics.processesSeen == 2)
    #expect(session.processes.flatMap(\.problems) == [])
  }

  @Test func withoutRseq() throws {
    let session = try start()
    let storm = try storm(
      "--events", "1000", "--threads", "2",
      environment: ["GLIBC_TUNABLES": "glibc.pthread.rseq=0"])
    try storm.waitUntilExit()
    let statistics = session.stop()
    #expect(statistics.events == 2000)
    #expect(statistics.lostInAll == 0)
  }

  @Test func disabledByTheEnvironment() throws {
    let session = try start()
    let storm = try storm("--events", "10", environment: ["TRACE_DISABLE": "1"])
    try storm.waitUntilExit()
    #expect(session.stop().events == 0)
    #expect(session.processes.isEmpty)
  }

  @Test func sessionsComeAndGoAndLeaveNothing() throws {
    let storm = try storm(
      "--events", "100000000", "--rate", "20000", "--wait-for-enable", "20")
    defer { storm.kill() }
    // Its thread starts when the main thread sees a session, and is to be counted below.
    let first = try start()
    try waitUntil { first.statistics.events > 0 }
    first.stop()
    try waitUntil { storm.hasSettledIn(runtime) }
    var before: ProcessResources?
    var retired = 2
    for round in 0..<Rounds.count(8) {
      let session = try start(file: "\(round).etl")
      try waitForProcess(session)
      session.stop()
      #expect(storm.isRunning)
      try waitUntil { storm.maps().allSatisfy { !$0.contains("trace-buffers") } }
      guard round >= 5, let before else {
        before = storm.resources()
        continue
      }
      // The addresses of a session's buffers stay mapped for some time, to anonymous memory.
      retired += 1
      // The process first unmaps and then closes: shortly afterwards, nothing may be left.
      try waitUntil("\(before) becomes \(storm.resources())") {
        storm.resources().isAtMost(before, andAnonymousMaps: retired)
      }
    }
  }

  /// Except for the buffers of the last session, which `tracectl recover` may read.
  @Test func killedSessionsLeaveNothing() throws {
    let storm = try storm("--events", "1000000000", "--rate", "20000")
    defer { storm.kill() }
    let mapped = { storm.maps().count { $0.contains("trace-buffers") } }
    // Its threads start when it has registered its providers, and are to be counted below.
    let first = try start()
    try waitUntil { first.statistics.events > 0 }
    first.stop()
    try waitUntil { mapped() == 0 && storm.hasSettledIn(runtime) }
    var before: (descriptors: Int, threads: Int)?
    for round in 0..<Rounds.count(5) {
      let collector = try StormProcess(
        ["collect", "-providers", "Storm", "-o", "\(place.path)/\(round).etl"],
        runtimeDirectory: runtime, program: "tracectl")
      try waitUntil { mapped() > (round == 0 ? 0 : 1) }
      collector.kill()
      try waitUntil { mapped() == 1 }
      #expect(storm.isRunning)
      // The killed session's buffers, which are also mapped.
      try waitUntil { storm.descriptors().contains { $0.contains("trace-buffers") } }
      before = before ?? (storm.descriptorCount(), storm.threadCount())
      try waitUntil("\(round): \(before!), now \(storm.descriptors()), \(storm.threadCount())") {
        storm.descriptorCount() <= before!.descriptors && storm.threadCount() <= before!.threads
      }
    }
    // The next session works immediately, and removes the sockets of dead ones.
    let session = try start()
    try waitForProcess(session)
    session.stop()
    let directory = try RuntimeDirectory.open(runtime, kind: .user, creating: false)
    #expect(directory.sessionSocketNames().isEmpty)
  }

  /// A process whose answer comes too late keeps the buffers of a killed session, and only of a
  /// killed one.
  @Test(arguments: [false, true]) func aSessionThatEndsBeforeItIsAnswered(isKilled: Bool) throws {
    let session = try HostileSession(path: runtime)
    let storm = try storm("--events", "10", "--hold-open", "60")
    defer { storm.kill() }
    try session.acceptOne()
    let number = try session.number(of: "Storm")
    let set = try BufferSet.create(
      BufferSetParameters(ringCount: 1, ringBytes: 1 << 20, mode: .discard, writerKind: .lock))
    let wake = trace_wake_descriptor()
    defer { close(wake) }
    // The process finds the messages and the end together. Packets that the session has not read
    // would precede them.
    storm.send(SIGSTOP)
    try waitUntil { storm.isStopped }
    session.readWaiting()
    session.send(
      SessionMessage.welcome(Welcome(sessionID: 1, processSlot: 1)).encoded(),
      descriptors: [set.descriptor, wake])
    session.send(
      SessionMessage.grants(
        ProviderGrants(provider: number, generation: 1, filter: nil, grants: [])
      ).encoded())
    if !isKilled { session.send(SessionMessage.detach.encoded()) }
    let sockets = { storm.descriptors().count { $0.hasPrefix("socket:") } }
    let before = sockets()
    session.end()
    storm.send(SIGCONT)
    try waitUntil { sockets() < before }
    #expect(storm.maps().count { $0.contains("trace-buffers") } == (isKilled ? 1 : 0))
  }

  @Test func manyChangesOfMind() throws {
    let session = try start { $0.mode = .discard }
    let storm = try storm(
      "--events", "1000000000", "--threads", "4", "--rate", "50000", "--payload", "mixed")
    defer { storm.kill() }
    try waitForProcess(session)
    let specs = try ["Storm", "Storm:Text", "Storm:Counter:4"].map { try ProviderSpec.parse($0) }
    for round in 0..<Rounds.count(500) {
      if round % 2 == 0 {
        session.disable(provider: "Storm")
      } else {
        session.enable(specs[round % 3])
      }
      if round % 16 > 2 { #expect(session.waitUntilEnabled(timeout: .seconds(20))) }
    }
    #expect(session.waitUntilEnabled(timeout: .seconds(20)))
    session.disable(provider: "Storm")
    #expect(session.waitUntilEnabled(timeout: .seconds(20)))
    let before = session.statistics
    #expect(before.processes == 1)
    #expect(storm.isRunning)
    let last = session.stop()
    #expect(last.events > 0)
    #expect(session.processes.flatMap(\.problems) == [])
  }

  @Test(arguments: 0..<7) func hostileSessionIsLeft(_ crime: Int) throws {
    let hostile = try HostileSession(path: runtime)
    let storm = try storm("--events", "1000", "--hold-open", "60")
    defer { storm.kill() }
    try hostile.acceptOne()
    let file = trace_memfd("not-a-buffer-set")
    defer { close(file) }
    let welcome = SessionMessage.welcome(Welcome(sessionID: 1, processSlot: 1)).encoded()
    switch crime {
    case 0: hostile.send(Array(repeating: 0x5a, count: 999))
    case 1: hostile.send(SessionMessage.captureState(provider: 9, generation: 1).encoded())
    case 2: hostile.send(welcome)
    case 3:
      let wake = trace_wake_descriptor()
      hostile.send(welcome, descriptors: [file, wake])
      close(wake)
    case 4: hostile.send(SessionMessage.detach.encoded(), descriptors: [file])
    case 5:
      hostile.send(
        SessionMessage.grants(
          ProviderGrants(
            provider: 0, generation: 1, filter: nil,
            grants: [Grant(eventID: 1, ref: 1, isOn: true, captureStack: false)])
        ).encoded())
    default: hostile.send(Array(repeating: 1, count: 65_537))
    }
    let lastWord = try hostile.readToEnd()
    if crime == 3 {
      guard case .refused = lastWord else {
        Issue.record("no refusal, but \(String(describing: lastWord))")
        return
      }
    }
    #expect(storm.isRunning)
    // It is as accessible to others as before.
    let session = try start()
    try waitForProcess(session)
    session.stop()
    #expect(storm.descriptors().allSatisfy { !$0.contains("not-a-buffer-set") })
  }

  @Test func aSilentSessionDelaysOnlyBriefly() throws {
    let silent = try HostileSession(path: runtime)
    let start = Date()
    let storm = try storm(
      "--events", "10", environment: ["TRACE_REGISTER_TIMEOUT": "300"])
    try storm.waitUntilExit()
    // One wait for the whole process, not one for each event or provider.
    #expect(Date().timeIntervalSince(start) >= 0.3)
    #expect(Date().timeIntervalSince(start) < 20)
    _ = silent
  }
}

extension StormProcess {
  func descriptors() -> [String] {
    let directory = "/proc/\(pid)/fd"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
    return names.compactMap {
      try? FileManager.default.destinationOfSymbolicLink(atPath: "\(directory)/\($0)")
    }
  }

  /// Whether it has the descriptors that it keeps. A program that has threads when it registers its
  /// first provider, as all have with the thread sanitizer, makes them only when no session waits.
  func hasSettledIn(_ runtime: String) -> Bool {
    let descriptors = descriptors()
    return descriptors.contains("anon_inode:[eventfd]") && descriptors.contains(runtime)
  }

  /// The number of descriptors besides inotify's. A program that begins when other tests use up the
  /// user's inotify instances gets one later, whatever sessions do.
  func descriptorCount() -> Int {
    let countsPipes = Requirement.ownPipes.isMet
    return descriptors().count {
      $0 != "anon_inode:inotify" && (countsPipes || !$0.hasPrefix("pipe:"))
    }
  }

  func maps() -> [String] {
    WholeFile.text("/proc/\(pid)/maps").split(separator: "\n").map(String.init)
  }

  func resources() -> ProcessResources {
    let maps = maps()
    // Address, permissions, offset, device, inode, and path if there is one.
    let fileMaps = maps.count { $0.split(separator: " ").dropFirst(4).first != "0" }
    return ProcessResources(
      descriptors: descriptorCount(), threads: threadCount(), fileMaps: fileMaps,
      anonymousMaps: Requirement.ownAnonymousMaps.isMet ? maps.count - fileMaps : 0)
  }

  /// Whether all its threads are stopped.
  var isStopped: Bool {
    let tasks = "/proc/\(pid)/task"
    let threads = (try? FileManager.default.contentsOfDirectory(atPath: tasks)) ?? []
    return threads.allSatisfy {
      WholeFile.text("\(tasks)/\($0)/status").contains("State:\tT")
    }
  }

  func threadCount() -> Int {
    (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task"))?.count ?? 0
  }
}

/// What a process holds of the kernel's objects.
struct ProcessResources {
  var descriptors: Int
  var threads: Int
  /// Mappings of files, buffers of sessions included.
  var fileMaps: Int
  var anonymousMaps: Int

  func isAtMost(_ other: Self, andAnonymousMaps more: Int) -> Bool {
    descriptors <= other.descriptors && threads <= other.threads && fileMaps <= other.fileMaps
      && anonymousMaps <= other.anonymousMaps + more
  }
}
