import Glibc
import TraceControl
import TraceEvents
import TraceRing

/// A session's connection with one process.
final class ProcessLink {
  enum Phase: Equatable {
    case talking
    /// The connection is to be closed; what was wrong, if anything.
    case ended(problem: String?)
  }

  let socket: Int32
  let peer: PeerCredentials
  /// Whose budgets it uses.
  let holder: BudgetHolder
  /// What it has taken of them, but for what it shares with others.
  var memoryBytes = 0
  var conversation: Conversation
  private var queue = PacketQueue()
  var phase = Phase.talking
  /// The socket's number in the poll list has room again when this is true.
  var hasQueuedPackets: Bool { !queue.isEmpty }
  var queuedBytes: Int { queue.byteCount }

  /// Position in the session's list of processes; nil before Hello.
  var record: Int?
  /// The session's number for the process, once it has been welcomed.
  var slot: UInt32?
  var setID: UInt32?
  /// The buffers of this process alone.
  var ownedSet: BufferSet?
  /// Generation of the grants that each provider was sent last.
  var generations: [UInt32] = []
  /// Providers from which an answer to grants, or the end of a rundown, is still awaited.
  var unconfirmed: Set<Int> = []
  /// Providers that have had the session's grants in force.
  var confirmed: Set<Int> = []
  /// Events that the process says reached no buffer.
  var missedCount: UInt64 = 0
  var capturing: Set<Int> = []
  /// Providers of which something else is wanted since, to be told once the answer is there:
  /// however fast a session changes its mind, one message is under way.
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
    // Once it is gone, its last words and then the end are still to be read.
    case .done, .wouldBlock, .closed: break
    case .failed(0): end(problem: "it does not read its control messages")
    case .failed(let code): end(problem: "its control socket failed: \(systemMessage(code))")
    }
  }
}

extension BudgetHolder {
  /// By the kernel's word: its number and when it began. Those that the kernel does not show are
  /// taken for one process of their user's.
  fileprivate init(_ peer: PeerCredentials) {
    let start = peer.pid == 0 ? 0 : ProcessIdentity(procName: "\(peer.pid)").startTime
    self.init(user: peer.uid, process: UInt64(peer.pid) << 32 | start & 0xffff_ffff)
  }
}
