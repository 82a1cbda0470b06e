import CTraceShims
import Glibc

/// The socket by which emitters wake a session's drain.
///
/// - Guarantee: no process that holds ``sender`` can make another's emitter wait, nor the drain.
/// - Trap: a process can shut it down for all that share it; then rings are read at each poll.
final class WakeSocket: Sendable {
  /// The drain's end.
  let receiver: Int32
  /// What processes are given.
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
