import Glibc
import TraceControl
import TraceEvents
import TraceRing

/// A session's connection with one process.
final class ProcessLink {
  enum Phase: Equatable {
    case talking
    /// The connection is to be closed, with the problem if there was one.
    case ended(problem: String?)
  }

  let socket: Int32
  let peer: PeerCredentials
  /// The holder of the budgets that it uses.
  let holder: BudgetHolder
  /// The memory charged to the holder, except memory shared with other processes.
  var memoryBytes = 0
  var conversation: Conversation
  private var queue = PacketQueue()
  var phase = Phase.talking
  /// Whether packets wait to be sent, so that the socket must also be polled for writing.
  var hasQueuedPackets: Bool { !queue.isEmpty }
  var queuedBytes: Int { queue.byteCount }

  /// Position in the session's list of processes; nil before Hello.
  var record: Int?
  /// The session's number of the process; nil before Welcome.
  var slot: UInt32?
  var setID: UInt32?
  /// The process's private buffers.
  var ownedSet: BufferSet?
  /// Generation of the last grants sent to each provider.
  var generations: [UInt32] = []
  /// Providers whose answer to grants is still pending.
  var unconfirmed: Set<Int> = []
  /// Providers that have confirmed the session's grants.
  var confirmed: Set<Int> = []
  /// Number of events that, according to the process, reached no buffer.
  var missedCount: UInt64 = 0
  var capturing: Set<Int> = []
  /// Providers whose grants have changed since, to be sent after the pending answer, so that at
  /// most one message is in flight however often a session changes its selection.
  var outdated: Set<Int> = []
  var recapture: Set<Int> = []

  init(
    socket: Int32, peer: PeerCredentials, holder: BudgetHolder? = nil, atNanoseconds now: UInt64
  ) {
    self.socket = socket
    self.peer = peer
    self.holder = holder ?? BudgetHolder(peer)
    conversation = Conversation(atNanoseconds: now)
  }

  deinit { close(socket) }

  func end(problem: String? = nil) {
    if phase == .talking { phase = .ended(problem: problem) }
  }

  func send(_ message: SessionMessage, descriptors: [Int32] = []) {
    guard phase == .talking else { return }
    judge(queue.send(message.encoded(), descriptors: descriptors, to: socket))
  }

  func flush() {
    if phase == .talking { judge(queue.flush(to: socket)) }
  }

  private func judge(_ result: PacketResult) {
    switch result {
    // After the process has gone, its last packets and the end of the connection are still to be
    // read.
    case .done, .wouldBlock, .closed: break
    case .failed(0): end(problem: "it does not read its control messages")
    case .failed(let code): end(problem: "its control socket failed: \(systemMessage(code))")
    }
  }
}

extension BudgetHolder {
  /// Identifies a process by the pid and start time from the kernel. Processes that the kernel does
  /// not show count as one process of their user.
  fileprivate init(_ peer: PeerCredentials) {
    let start = peer.pid == 0 ? 0 : ProcessIdentity(procName: "\(peer.pid)").startTime
    self.init(user: peer.uid, process: UInt64(peer.pid) << 32 | start & 0xffff_ffff)
  }
}
