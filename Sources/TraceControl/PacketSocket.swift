import CTraceShims
import Glibc
import OSStrings

/// The identity of a socket's peer, as reported by the kernel.
package struct PeerCredentials: Hashable, Sendable {
  /// The pid in this process's pid namespace; 0 if it has none there.
  package var pid: UInt32
  package var uid: UInt32

  package init(pid: UInt32, uid: UInt32) {
    self.pid = pid
    self.uid = uid
  }

  package init?(descriptor: Int32) {
    var pid: UInt32 = 0
    var uid: UInt32 = 0
    guard trace_peer(descriptor, &pid, &uid) == 0 else { return nil }
    self.init(pid: pid, uid: uid)
  }

  /// A process may be traced only by its own user and by root.
  package func mayTrace(uid own: UInt32) -> Bool { uid == own || uid == 0 }

  /// A session accepts processes of its own user; a session of root accepts all.
  package func mayBeTraced(by session: UInt32) -> Bool { uid == session || session == 0 }
}

/// The result of a call on a packet socket.
package enum PacketResult: Equatable, Sendable {
  case done
  /// There is no packet to receive, or no room to send.
  case wouldBlock
  /// The peer has closed its end.
  case closed
  case failed(Int32)
}

/// Sends and receives whole packets; never blocks.
package enum PacketSocket {
  package static func send(
    _ packet: [UInt8], descriptors: [Int32] = [], to socket: Int32
  ) -> PacketResult {
    let sent = packet.withUnsafeBytes {
      trace_packet_send(
        socket, $0.baseAddress!, $0.count, descriptors, Int32(descriptors.count))
    }
    if sent == packet.count { return .done }
    return result(ofErrno: errno)
  }

  /// Receives a packet into `buffer`. `body` gets its bytes, and ownership of its descriptors.
  package static func receive(
    from socket: Int32, into buffer: UnsafeMutableRawBufferPointer,
    _ body: (UnsafeRawBufferPointer, [Int32]) -> Void
  ) -> PacketResult {
    var descriptors = (Int32(-1), Int32(-1))
    var count: Int32 = 0
    let received = withUnsafeMutablePointer(to: &descriptors) { pair in
      pair.withMemoryRebound(to: Int32.self, capacity: Int(TRACE_PACKET_DESCRIPTORS_MAX)) {
        trace_packet_receive(socket, buffer.baseAddress!, buffer.count, $0, &count)
      }
    }
    let owned = Array([descriptors.0, descriptors.1].prefix(Int(count)))
    guard received > 0 else {
      for descriptor in owned { close(descriptor) }
      return received == 0 ? .closed : result(ofErrno: errno)
    }
    body(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<received]), owned)
    return .done
  }

  /// Creates a socket, or returns -1 (errno).
  package static func make() -> Int32 { trace_packet_socket() }

  /// Connects to a session's socket. False (errno) if no session listens there. The socket is
  /// non-blocking afterwards, and is still owned by the caller.
  package static func connect(
    _ socket: Int32, toPath path: String, timeoutMilliseconds: Int32
  ) -> Bool {
    path.withOSString { trace_packet_connect(socket, $0, timeoutMilliseconds) } == 0
      && fcntl(socket, F_SETFL, O_NONBLOCK) == 0
  }

  private static func result(ofErrno code: Int32) -> PacketResult {
    switch code {
    case EAGAIN: .wouldBlock
    case EPIPE, ECONNRESET, ENOTCONN: .closed
    default: .failed(code)
    }
  }
}
