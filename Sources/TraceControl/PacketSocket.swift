import CTraceShims
import Glibc
import OSStrings

/// Who is at the other end of a socket, by the kernel's word.
package struct PeerCredentials: Hashable, Sendable {
  /// As this process's pid namespace shows it; 0 when it does not.
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

  /// A process lets itself be traced by its own user and by root, and by nobody else.
  package func mayTrace(uid own: UInt32) -> Bool { uid == own || uid == 0 }

  /// A session takes processes of its own user; root's takes all.
  package func mayBeTraced(by session: UInt32) -> Bool { uid == session || session == 0 }
}

/// What a call on a packet socket came to.
package enum PacketResult: Equatable, Sendable {
  case done
  /// Nothing there, or no room.
  case wouldBlock
  /// The other end is gone.
  case closed
  case failed(Int32)
}

/// Sends and receives whole packets; blocks never.
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

  /// Receives a packet into `buffer`; `body` sees its bytes and owns its descriptors.
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

  /// A socket to connect with, or -1 (errno).
  package static func make() -> Int32 { trace_packet_socket() }

  /// Connects to a session's socket; false (errno) when no session listens there. The socket does
  /// not block afterwards, and stays the caller's.
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
