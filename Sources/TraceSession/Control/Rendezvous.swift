import CTraceShims
import Glibc
import Locks
import Synchronization
import TraceControl

/// A session's thread that accepts connections of processes, handles their messages and detects
/// their end.
final class Rendezvous: Sendable {
  let state: Monitor<RendezvousState>
  let listener: SessionListener
  private let kick: Int32
  private let isEnding = Atomic<Bool>(false)
  private let thread = Lock<NamedThread?>(nil)

  /// The pause in accepting processes after accept failed for lack of descriptors.
  private static let acceptPauseMilliseconds: Int32 = 100

  init(
    _ configuration: SessionConfiguration, listener: SessionListener, sink: (any EventSink)?,
    wakeDescriptor: Int32 = -1
  ) throws(SessionError) {
    self.listener = listener
    kick = trace_wake_descriptor()
    guard kick >= 0 else { throw .system(call: "eventfd", code: errno) }
    state = Monitor(RendezvousState(configuration, sink: sink, wakeDescriptor: wakeDescriptor))
  }

  deinit { close(kick) }

  func start() throws(SessionError) {
    let started = try NamedThread("trace-session") { [self] in run() }
    thread.withLock { $0 = started }
  }

  /// Changes the state and wakes the thread.
  func change<Result>(_ body: (inout RendezvousState) -> Result) -> Result {
    defer { trace_wake(kick) }
    return state.withLock(body)
  }

  /// Detaches every process, waits (bounded) until each has left its buffers, and ends the thread.
  func stop(captureStateNanoseconds: UInt64, detachNanoseconds: UInt64) {
    listener.withdraw()
    if captureStateNanoseconds > 0 {
      change { $0.captureState(provider: nil) }
      state.wait(nanoseconds: captureStateNanoseconds) { state in
        state.links.values.allSatisfy { $0.capturing.isEmpty }
      }
    }
    change { state in
      state.isStopping = true
      for link in state.links.values { link.send(.detach) }
    }
    state.wait(nanoseconds: detachNanoseconds) { $0.links.isEmpty }
    isEnding.store(true, ordering: .releasing)
    trace_wake(kick)
    thread.withLock { $0 }?.join()
  }

  // MARK: On the thread

  private func run() {
    let buffer = UnsafeMutableRawBufferPointer.allocate(
      byteCount: ControlLimits.packetBytes, alignment: 8)
    defer { buffer.deallocate() }
    var isShortOfDescriptors = false
    while !isEnding.load(ordering: .acquiring) {
      var polls = pollList(accepting: !isShortOfDescriptors)
      let timeout = isShortOfDescriptors ? Self.acceptPauseMilliseconds : -1
      guard trace_poll(&polls, UInt(polls.count), timeout) >= 0 || errno == EINTR else { break }
      if polls[0].revents != 0 {
        var count: UInt64 = 0
        _ = read(kick, &count, 8)
      }
      isShortOfDescriptors = false
      if polls[1].revents != 0 { isShortOfDescriptors = !acceptAll() }
      for ready in polls[2...] where ready.revents != 0 { serve(ready, buffer) }
      sweep()
    }
    state.withLock { state in
      for link in Array(state.links.values) { state.close(link) }
    }
  }

  private func pollList(accepting: Bool) -> [pollfd] {
    let readable = Int16(POLLIN)
    var list = [
      pollfd(fd: kick, events: readable, revents: 0),
      pollfd(fd: accepting ? listener.descriptor : -1, events: readable, revents: 0),
    ]
    state.withLock { state in
      for link in state.links.values {
        let events = link.hasQueuedPackets ? readable | Int16(POLLOUT) : readable
        list.append(pollfd(fd: link.socket, events: events, revents: 0))
      }
    }
    return list
  }

  /// Accepts all waiting connections; false if no descriptors are left.
  private func acceptAll() -> Bool {
    while true {
      let socket = trace_packet_accept(listener.descriptor)
      guard socket >= 0 else {
        let code = errno
        guard [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(code) else { return true }
        state.withLock { $0.refusal = code }
        return false
      }
      guard let peer = PeerCredentials(descriptor: socket) else {
        close(socket)
        continue
      }
      let link = ProcessLink(socket: socket, peer: peer, atNanoseconds: trace_monotonic_ns())
      state.withLock { state in
        guard peer.mayBeTraced(by: geteuid()) else {
          state.note("it was turned away: it belongs to another user", link)
          return
        }
        _ = state.admit(link)
      }
    }
  }

  private func serve(_ ready: pollfd, _ buffer: UnsafeMutableRawBufferPointer) {
    state.withLock { state in
      guard let link = state.links[ready.fd] else { return }
      if ready.revents & Int16(POLLOUT) != 0 { link.flush() }
      for _ in 0..<ControlLimits.packetsPerTurn {
        guard link.phase == .talking, Self.receiveOne(link, buffer, &state) else { return }
      }
    }
  }

  private static func receiveOne(
    _ link: ProcessLink, _ buffer: UnsafeMutableRawBufferPointer, _ state: inout RendezvousState
  ) -> Bool {
    let result = PacketSocket.receive(from: link.socket, into: buffer) { packet, descriptors in
      for descriptor in descriptors { Glibc.close(descriptor) }
      do throws(ProtocolViolation) {
        let event = try link.conversation.receive(
          packet, descriptorCount: descriptors.count, atNanoseconds: trace_monotonic_ns())
        do throws(BudgetExceeded) { try state.charge(link) } catch {
          state.refuse(link, error)
          return
        }
        if let event { state.handle(event, from: link) }
      } catch { link.end(problem: error.description) }
    }
    switch result {
    case .done: return true
    case .wouldBlock: return false
    case .closed: link.end()
    case .failed(EMSGSIZE):
      link.end(problem: "it sent a packet of more than \(ControlLimits.packetBytes) bytes")
    case .failed(let code): link.end(problem: "its control socket failed: \(systemMessage(code))")
    }
    return false
  }

  /// Closes the connections that have ended.
  private func sweep() {
    state.withLock { state in
      state.limitQueues()
      for link in Array(state.links.values) where link.phase != .talking { state.close(link) }
    }
  }
}
