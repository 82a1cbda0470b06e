import CTraceShims
import Glibc

/// The socket through which emitters wake a session's drain.
///
/// - Guarantee: a process that holds ``sender`` can block neither another process's emitter nor the
///   drain.
/// - Trap: a process can shut the socket down for all that share it; rings are then read only at
///   each poll.
final class WakeSocket: Sendable {
  /// The drain's end of the socket.
  let receiver: Int32
  /// The processes' end of the socket.
  let sender: Int32

  init() throws(SessionError) {
    var pair: [Int32] = [-1, -1]
    guard trace_wake_pair(&pair) == 0 else { throw .system(call: "socketpair", code: errno) }
    (receiver, sender) = (pair[0], pair[1])
  }

  deinit {
    close(receiver)
    close(sender)
  }
}
