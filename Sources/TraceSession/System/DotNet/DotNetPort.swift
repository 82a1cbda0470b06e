import CTraceShims
import Glibc
import OSStrings
import Synchronization
import TraceControl

/// The socket to which the runtimes of a command connect when they start, and then wait for the
/// session before they run any code.
///
/// - Guarantee: a connection that does not say what a runtime says is closed after
///   ``helloLimit_ns``, and delays no other.
final class DotNetPort {
  /// A connection that has not said yet what it is.
  struct Visitor {
    var socket: DiagnosticSocket
    var bytes: [UInt8] = []
    var until_ns: UInt64
  }

  let descriptor: Int32
  /// What a program's environment says to its runtime.
  let address: String
  private var visitors: [Visitor] = []
  private(set) var strangers = 0

  private static let magic = Array("ADVR_V1\0".utf8)
  /// The magic, a number, the pid and two bytes.
  private static let helloBytes = 34
  private static let helloLimit_ns: UInt64 = 1_000_000_000
  private static let visitorsMax = 256
  private static let backlog: Int32 = 1024
  private static let nextNumber = Atomic<Int>(0)

  /// Listens in a directory that only this user can use; nil (errno) if it cannot.
  init?(in directory: RuntimeDirectory) {
    Self.removeStale(in: directory)
    let number = Self.nextNumber.add(1, ordering: .relaxed).oldValue
    let name = "\(Self.prefix)\(getpid())-\(number)"
    address = "\(directory.path)/\(name)"
    descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    _ = OSPath.unlinkat(directory.descriptor, name, 0)
    // In root's directory, a command's programs may be those of other users.
    let mode: mode_t = directory.kind == .system ? 0o666 : 0o600
    guard descriptor >= 0, isReachable,
      directory.pathInside(name).withOSString({ trace_packet_bind(descriptor, $0) }) == 0,
      fchmodat(directory.descriptor, name, mode, 0) == 0, listen(descriptor, Self.backlog) == 0,
      fcntl(descriptor, F_SETFL, O_NONBLOCK) == 0
    else { return nil }
  }

  /// Takes over a socket that listens.
  init(descriptor: Int32, address: String) {
    (self.descriptor, self.address) = (descriptor, address)
    _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
  }

  deinit {
    _ = OSPath.unlink(address)
    if descriptor >= 0 { close(descriptor) }
  }

  private static let prefix = "dotnet-"

  /// Removes the sockets that killed sessions have left.
  private static func removeStale(in directory: RuntimeDirectory) {
    for name in directory.names(where: { $0.hasPrefix(prefix) }) {
      let owner = name.dropFirst(prefix.count).prefix { $0 != "-" }
      guard let pid = pid_t(owner), kill(pid, 0) != 0, errno == ESRCH else { continue }
      let probe = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
      defer { if probe >= 0 { close(probe) } }
      let isAlive = directory.pathInside(name).withOSString { trace_packet_connect(probe, $0, 1) }
      if isAlive != 0, errno == ECONNREFUSED {
        _ = OSPath.unlinkat(directory.descriptor, name, 0)
      }
    }
  }

  /// Whether runtimes accept the path.
  private var isReachable: Bool {
    errno = ENAMETOOLONG
    return address.utf8.count < Self.addressBytesMax && !address.contains { ",;".contains($0) }
  }

  private static let addressBytesMax = 104

  var polls: [pollfd] {
    let all = [descriptor] + visitors.map(\.socket.descriptor)
    return all.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
  }

  /// Accepts connections, and passes those of runtimes on with their pids.
  func serve(_ take: (DiagnosticSocket, _ pid: UInt32) -> Void) {
    while visitors.count < Self.visitorsMax {
      let accepted = trace_packet_accept(descriptor)
      guard accepted >= 0 else { break }
      visitors.append(
        Visitor(
          socket: DiagnosticSocket(accepted),
          until_ns: trace_monotonic_ns() &+ Self.helloLimit_ns))
    }
    var others: [Visitor] = []
    for var visitor in visitors {
      switch Self.hear(&visitor) {
      case .some(true):
        if let pid = PeerCredentials(descriptor: visitor.socket.descriptor)?.pid, pid != 0 {
          take(visitor.socket, pid)
        }
      case .some(false): strangers += 1
      case nil: others.append(visitor)
      }
    }
    visitors = others
  }

  /// Whether the visitor is a runtime; nil if it has not said so yet.
  static func hear(_ visitor: inout Visitor) -> Bool? {
    let missing = helloBytes - visitor.bytes.count
    let arrived = withUnsafeTemporaryAllocation(byteCount: missing, alignment: 1) { room in
      switch visitor.socket.read(into: room) {
      case .bytes(let count):
        visitor.bytes += room[..<count]
        return true
      case .nothing: return trace_monotonic_ns() < visitor.until_ns
      case .end: return false
      }
    }
    guard arrived else { return false }
    guard visitor.bytes.count == helloBytes else { return nil }
    return visitor.bytes.starts(with: magic)
  }
}
