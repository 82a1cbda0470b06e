import CTraceShims
import Glibc
import TraceControl
import TraceEvents

/// The control thread's loop. It sleeps until a session appears, sends a message or ends, or a
/// provider is announced.
final class ControlLoop {
  /// -1 until the loop has settled in, if the thread that started this one did not make it.
  private var wake: Int32
  private var hasSettledIn: Bool
  private var watch = RuntimeWatch(RendezvousPaths.watched())
  /// Created for the first session. Testing restartable sequences costs a thread and a barrier,
  /// which a process that is not traced should not pay.
  private lazy var hello = Self.makeHello()
  private var links: [SessionLink] = []
  /// Sockets that were tried; removed when they disappear.
  private var tried: Set<RuntimeWatch.Found> = []
  /// Whether a session could not be reached temporarily: its connection queue is full, or this
  /// process has no free descriptor.
  private var mustRetry = false
  /// Whether that session is the one that started this program.
  private var mustRetryExpected = false
  private let expected = ExpectedSession()
  private let buffer = UnsafeMutableRawBufferPointer.allocate(
    byteCount: ControlLimits.packetBytes, alignment: 8)

  /// How long to wait for a session whose connection queue is full.
  private static let connectMilliseconds: Int32 = 50
  private static let retryMilliseconds: Int32 = 100
  /// How long the loop goes without high numbers while sessions do not answer.
  private static let settleMax_ns: UInt64 = 1_000_000_000
  /// How often an idle thread checks that its descriptors are still open.
  private static let checkMilliseconds: Int32 = 10_000

  init(wake: Int32) {
    self.wake = wake
    hasSettledIn = wake >= 0
  }

  private static func makeHello() -> Hello {
    let identity = ProcessIdentity(procName: "self")
    return Hello(
      pid: UInt32(getpid()), uid: geteuid(), startTime: identity.startTime,
      wantsLockSet: !rseqIsUsable, executable: identity.executable, arguments: identity.arguments)
  }

  deinit { buffer.deallocate() }

  func run() -> Never {
    findSessions()
    let start_ns = trace_monotonic_ns()
    while true {
      announce()
      if !hasSettledIn, nobodyWaits(since: start_ns) {
        settleIn()
        continue
      }
      var polls = [
        pollfd(fd: wake, events: Int16(POLLIN), revents: 0),
        pollfd(fd: watch.descriptor, events: Int16(POLLIN), revents: 0),
      ]
      for link in links {
        let events = link.hasQueuedPackets ? POLLIN | POLLOUT : POLLIN
        polls.append(pollfd(fd: link.socket, events: Int16(events), revents: 0))
      }
      guard trace_poll(&polls, UInt(polls.count), timeoutMilliseconds) >= 0 else { continue }
      ThreadSampler.findThreads()
      OrphanedSet.dropWhenOld()
      guard descriptorsAreIntact else {
        reopen()
        continue
      }
      if polls[0].revents != 0 {
        var count: UInt64 = 0
        _ = read(wake, &count, 8)
      }
      serve(polls[2...])
      if lookAgain(hasEvents: polls[1].revents != 0) { findSessions() }
    }
  }

  private var timeoutMilliseconds: Int32 {
    var timeout = Self.checkMilliseconds
    if watch.needsPolling { timeout = min(timeout, RuntimeWatch.pollMilliseconds) }
    if mustRetry { timeout = min(timeout, Self.retryMilliseconds) }
    if !hasSettledIn { timeout = min(timeout, Self.connectMilliseconds) }
    return ThreadSampler.isActive ? min(timeout, ThreadSampler.rescanMilliseconds) : timeout
  }

  private func serve(_ polls: ArraySlice<pollfd>) {
    let providers = Registry.all()
    for (link, ready) in zip(links, polls) where ready.revents != 0 {
      if ready.revents & Int16(POLLOUT) != 0 { link.flush() }
      link.receive(buffer, providers)
    }
    sweep()
  }

  private func lookAgain(hasEvents: Bool) -> Bool {
    let isToldSo = hasEvents && watch.takeEvents()
    let hasSeenSo = watch.needsPolling && watch.poll()
    return isToldSo || hasSeenSo || mustRetry
  }

  private func announce() {
    let providers = Registry.all()
    for link in links {
      link.announce(providers)
      link.tellNotes(providers)
    }
    tellFindings()
    sweep()
    let settled = mustRetry ? 0 : links.map(\.settledCount).min() ?? providers.count
    for provider in providers.prefix(settled) { provider.settle() }
    let awaited = links.filter(\.isExpected).map(\.settledCount).min()
    ControlThread.publish(
      settled: min(settled, providers.count), awaited: mustRetryExpected ? 0 : awaited,
      sessionCount: links.count + (mustRetry ? 1 : 0))
  }

  /// Reports the event errors found by emitters, on standard error and to the sessions.
  private func tellFindings() {
    let new = EmitFindings.takeNew()
    guard !new.isEmpty else { return }
    for finding in new { ProviderFaults.report([finding.text], of: finding.provider.schema.name) }
    for link in links {
      link.tell(new)
      link.countUndescribed(EmitFindings.all)
    }
  }

  private func sweep() {
    for link in links where link.isOver { link.close() }
    links.removeAll { $0.isOver }
  }

  private func findSessions() {
    let found = watch.sockets()
    tried.formIntersection(found)
    mustRetry = false
    mustRetryExpected = false
    for one in found where !tried.contains(one) && links.count < ControlLimits.links {
      guard let path = watch.path(one) else { continue }
      switch connect(path) {
      case .connected(let socket, let peer):
        tried.insert(one)
        links.append(
          SessionLink(
            one, socket: socket, hello: hello,
            isExpected: expected.matches(name: one.name, pid: peer.pid)))
      case .refused: tried.insert(one)
      case .busy:
        mustRetry = true
        let pid = SessionSocketName.pid(one.name) ?? 0
        if expected.matches(name: one.name, pid: pid) { mustRetryExpected = true }
      }
    }
  }

  private enum Connection {
    case connected(Int32, PeerCredentials)
    /// No session listens there, or one that may not trace this process.
    case refused
    case busy
  }

  private func connect(_ path: String) -> Connection {
    let socket = OpenDescriptors.opening { OpenDescriptors.take(PacketSocket.make()) }
    guard socket >= 0 else { return .busy }
    guard
      PacketSocket.connect(socket, toPath: path, timeoutMilliseconds: Self.connectMilliseconds)
    else {
      let isBusy = errno == EAGAIN || errno == EINTR
      OpenDescriptors.close(socket)
      return isBusy ? .busy : .refused
    }
    guard let peer = PeerCredentials(descriptor: socket), peer.mayTrace(uid: geteuid()) else {
      OpenDescriptors.close(socket)
      return .refused
    }
    return .connected(socket, peer)
  }

  // MARK: Descriptors with high numbers

  /// Whether the sessions have answered for all providers, or take too long.
  private func nobodyWaits(since start_ns: UInt64) -> Bool {
    if trace_monotonic_ns() &- start_ns > Self.settleMax_ns { return true }
    let count = Registry.all().count
    return !mustRetry && links.allSatisfy { $0.settledCount >= count }
  }

  /// Makes the wake descriptor and inotify's anew, with high numbers. Sockets keep theirs: their
  /// identities differ from those of all files that the program may open under the same numbers.
  private func settleIn() {
    hasSettledIn = true
    OpenDescriptors.useHighNumbers()
    watch.close()
    wake = ControlThread.makeWakeDescriptor()
    watch = RuntimeWatch(RendezvousPaths.watched())
    findSessions()
  }

  // MARK: Descriptors that the program has closed

  private var descriptorsAreIntact: Bool {
    (OpenDescriptors.isIntact(wake) || !hasSettledIn) && watch.isIntact
      && links.allSatisfy { OpenDescriptors.isIntact($0.socket) }
  }

  /// The program closed descriptors that it did not open, as a daemon does when it starts. Leaves
  /// the sessions whose sockets are closed, and finds them again.
  private func reopen() {
    for link in links where !OpenDescriptors.isIntact(link.socket) { link.close() }
    links.removeAll { $0.isOver }
    if !OpenDescriptors.isIntact(wake) {
      OpenDescriptors.close(wake)
      wake = ControlThread.makeWakeDescriptor()
    }
    if !watch.isIntact {
      watch.close()
      watch = RuntimeWatch(RendezvousPaths.watched())
    }
    tried = []
    for link in links { tried.insert(link.found) }
    findSessions()
  }
}
