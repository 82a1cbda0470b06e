import CTraceShims
import Glibc
import OSStrings
import TraceControl

/// A connection to the diagnostics socket of a .NET runtime.
///
/// - Guarantee: no call takes longer than its deadline (CLOCK_MONOTONIC), whatever the other end
///   does.
final class DiagnosticSocket: Sendable {
  let descriptor: Int32

  private static let connectMilliseconds: Int32 = 1000

  /// Takes ownership of a descriptor, which is made non-blocking.
  init(_ descriptor: Int32) {
    self.descriptor = descriptor
    _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
  }

  deinit { close(descriptor) }

  /// Connects to a socket that a process listens on.
  ///
  /// - Parameter path: at most 107 bytes.
  /// - Returns: nil (errno) if there is none, or if another process than `pid` listens.
  static func connect(_ path: String, listener pid: UInt32) -> DiagnosticSocket? {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return nil }
    guard path.withOSString({ trace_packet_connect(descriptor, $0, connectMilliseconds) }) == 0
    else {
      let code = errno
      close(descriptor)
      errno = code
      return nil
    }
    let socket = DiagnosticSocket(descriptor)
    guard PeerCredentials(descriptor: descriptor)?.pid == pid else {
      errno = EPERM
      return nil
    }
    return socket
  }

  /// Whether there is something to read before the deadline.
  func canRead(deadline_ns: UInt64) -> Bool { wait(Int16(POLLIN), deadline_ns) }

  private func wait(_ events: Int16, _ deadline_ns: UInt64) -> Bool {
    let now_ns = trace_monotonic_ns()
    let rest_ms = deadline_ns > now_ns ? (deadline_ns - now_ns) / 1_000_000 + 1 : 0
    var polls = [pollfd(fd: descriptor, events: events, revents: 0)]
    return trace_poll(&polls, 1, Int32(clamping: rest_ms)) > 0
  }

  func send(_ bytes: [UInt8], deadline_ns: UInt64) -> Bool {
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes { bytes in
        trace_packet_send(
          descriptor, bytes.baseAddress! + sent, bytes.count - sent, nil, 0)
      }
      if count > 0 {
        sent += count
      } else if count == 0 || errno != EAGAIN || !wait(Int16(POLLOUT), deadline_ns) {
        return false
      }
    }
    return true
  }

  /// The result of reading what is there.
  enum Arrival {
    case bytes(Int)
    case nothing
    case end
  }

  /// Reads what has arrived, without waiting.
  func read(into room: UnsafeMutableRawBufferPointer) -> Arrival {
    while true {
      let count = recv(descriptor, room.baseAddress, room.count, Int32(MSG_DONTWAIT))
      if count > 0 { return .bytes(count) }
      if count == 0 { return .end }
      if errno == EAGAIN { return .nothing }
      if errno != EINTR { return .end }
    }
  }

  /// Reads a number of bytes; nil if they do not arrive before the deadline.
  func receive(_ count: Int, deadline_ns: UInt64) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    var filled = 0
    while filled < count {
      let arrival = bytes.withUnsafeMutableBytes {
        read(into: UnsafeMutableRawBufferPointer(rebasing: $0[filled...]))
      }
      switch arrival {
      case .bytes(let more): filled += more
      case .nothing: guard wait(Int16(POLLIN), deadline_ns) else { return nil }
      case .end: return nil
      }
      if filled < count, trace_monotonic_ns() > deadline_ns { return nil }
    }
    return bytes
  }

  /// Sends a command and reads the answer; nil if there is none before the deadline, or if what
  /// arrives is not one.
  func ask(
    _ command: DiagnosticMessage.Command, _ payload: [UInt8] = [], deadline_ns: UInt64
  ) -> DiagnosticMessage.Answer? {
    guard send(DiagnosticMessage.encode(command, payload), deadline_ns: deadline_ns),
      let header = receive(DiagnosticMessage.headerBytes, deadline_ns: deadline_ns),
      let size = DiagnosticMessage.payloadBytes(header),
      size <= DiagnosticMessage.answerBytesMax,
      let payload = receive(size, deadline_ns: deadline_ns)
    else { return nil }
    return DiagnosticMessage.answer(header, payload)
  }
}
