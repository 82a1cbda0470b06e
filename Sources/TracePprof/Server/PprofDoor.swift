internal import Locks
internal import NIOCore

/// Counts the connections, and closes those that are too many or come before the server is ready.
final class PprofDoor: Sendable {
  static let connectionsMax = 500

  private struct State {
    var check: HostCheck?
    var connections = 0
  }

  private let state = Lock(State())

  func open(_ check: HostCheck) { state.withLock { $0.check = check } }

  /// Returns the check of requests; nil if there are too many connections.
  func enter(_ channel: any Channel) -> HostCheck? {
    let check = state.withLock { state -> HostCheck? in
      guard state.connections < Self.connectionsMax, let check = state.check else { return nil }
      state.connections += 1
      return check
    }
    guard check != nil else { return nil }
    channel.closeFuture.whenComplete { _ in self.state.withLock { $0.connections -= 1 } }
    return check
  }
}
