import Glibc
import Testing
import TraceControl
import TraceEvents

/// The process's side of the control protocol, controlled by the test.
final class FakeProcess {
  let socket: Int32
  private(set) var descriptors: [Int32] = []

  init(path: String) throws {
    socket = PacketSocket.make()
    try #require(PacketSocket.connect(socket, toPath: path, timeoutMilliseconds: 1000))
  }

  deinit {
    close(socket)
    for descriptor in descriptors { close(descriptor) }
  }

  /// Waits until the session has read the previous packets, like a real process's queue.
  func send(_ packet: [UInt8]) {
    while case .wouldBlock = PacketSocket.send(packet, to: socket) {
      var ready = pollfd(fd: socket, events: Int16(POLLOUT), revents: 0)
      guard poll(&ready, 1, 10_000) == 1 else { return }
    }
  }

  func send(_ messages: AppMessage...) { for message in messages { send(message.encoded()) } }

  func sayHello(wantsLockSet: Bool = false) {
    send(
      .hello(
        Hello(
          pid: 1, uid: 1, startTime: 1, wantsLockSet: wantsLockSet, executable: "/no/such",
          arguments: [])))
  }

  func register(_ provider: ProviderSchema, as index: UInt16 = 0) {
    send(.registerProvider(provider: index, heading: provider))
    for event in provider.events { send(.registerEvent(provider: index, schema: event)) }
    send(.registerDone(provider: index))
  }

  /// The session's next message; nil if it has closed the connection.
  func next(milliseconds: Int32 = 10_000) throws -> SessionMessage? {
    var ready = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
    try #require(poll(&ready, 1, milliseconds) == 1, "the session sends nothing")
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 8)
    defer { buffer.deallocate() }
    var message: SessionMessage?
    let result = PacketSocket.receive(from: socket, into: buffer) { packet, received in
      message = try? SessionMessage(packet: packet)
      descriptors += received
    }
    if result == .closed { return nil }
    guard let message else { throw SessionClosed() }
    return message
  }

  /// The next grants, skipping other messages.
  func nextGrants() throws -> ProviderGrants {
    while true {
      guard let message = try next() else { break }
      if case .grants(let grants) = message { return grants }
    }
    throw SessionClosed()
  }

  /// Whether the session closes the connection.
  func isClosed() throws -> Bool {
    while try next() != nil {}
    return true
  }

  struct SessionClosed: Error {}
}
