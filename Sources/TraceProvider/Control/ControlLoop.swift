import CTraceShims
import Glibc
import TraceControl

/// What the control thread does: sleeps until a session appears, speaks or goes, or a provider is
/// announced.
final class ControlLoop {
  private let wake: Int32
  private let watch: RuntimeWatch
  /// Made for the first session: asking whether restartable sequences work costs a thread and a
  /// barrier, which a process that nobody traces should not pay.
  private lazy var hello = Self.makeHello()
  private var links: [SessionLink] = []
  /// Sockets that were tried; forgotten when they are gone.
  private var tried: Set<RuntimeWatch.Found> = []
  private let buffer = UnsafeMutableRawBufferPointer.allocate(
    byteCount: ControlLimits.packetBytes, alignment: 8)

  /// How long a session whose queue of connections is full is waited for.
  private static let connectMilliseconds: Int32 = 50

  init?(wake: Int32) {
    guard let watch = RuntimeWatch(RendezvousPaths.watched()) else { return nil }
    self.wake = wake
    self.watch = watch
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
    while true {
      announce()
      var polls = [
        pollfd(fd: wake, events: Int16(POLLIN), revents: 0),
        pollfd(fd: watch.descriptor, events: Int16(POLLIN), revents: 0),
      ]
      for link in links {
        let events = link.hasQueuedPackets ? POLLIN | POLLOUT : POLLIN
        polls.append(pollfd(fd: link.socket, events: Int16(events), revents: 0))
      }
      let wait = ThreadSampler.isActive ? ThreadSampler.rescanMilliseconds : -1
      guard poll(&polls, nfds_t(polls.count), wait) >= 0 else { continue }
      ThreadSampler.findThreads()
      if polls[0].revents != 0 {
        var count: UInt64 = 0
        _ = read(wake, &count, 8)
      }
      let providers = Registry.all()
      for (link, ready) in zip(links, polls[2...]) where ready.revents != 0 {
        if ready.revents & Int16(POLLOUT) != 0 { link.flush() }
        link.receive(buffer, providers)
      }
      sweep()
      if polls[1].revents != 0, watch.takeEvents() { findSessions() }
    }
  }

  private func announce() {
    let providers = Registry.all()
    for link in links { link.announce(providers) }
    sweep()
    let settled = links.map(\.settledCount).min() ?? providers.count
    ControlThread.publish(settled: min(settled, providers.count), linkCount: links.count)
  }

  private func sweep() {
    for link in links where link.isOver { link.close() }
    links.removeAll { $0.isOver }
  }

  private func findSessions() {
    let found = watch.sockets()
    tried.formIntersection(found)
    for one in found where !tried.contains(one) && links.count < ControlLimits.links {
      tried.insert(one)
      guard let path = watch.path(one) else { continue }
      let socket = OpenDescriptors.opening {
        let socket = PacketSocket.make()
        OpenDescriptors.list(socket)
        return socket
      }
      guard
        PacketSocket.connect(
          socket, toPath: path, timeoutMilliseconds: Self.connectMilliseconds),
        let peer = PeerCredentials(descriptor: socket), peer.mayTrace(uid: geteuid())
      else {
        OpenDescriptors.close(socket)
        continue
      }
      links.append(SessionLink(one, socket: socket, hello: hello))
    }
  }
}
