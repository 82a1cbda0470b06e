internal import Locks
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// A local HTTP server with a page about traces.
///
/// - Guarantee: it answers only requests that carry its token and its own Host, sends nothing to
///   any other server, and writes no file but summaries beside a trace. Its connections, jobs and
///   answers are bounded.
/// - Cost: starts three threads and an event loop. Nothing is started before ``init(_:)``.
/// - Trap: who has the address with the token can read the traces.
public final class ViewServer: Sendable {
  private static let idleSeconds: Int64 = 75

  private let group: MultiThreadedEventLoopGroup
  private let channel: any Channel
  private let desk: ViewDesk
  /// The address to open in a browser, with the token.
  public let address: String

  /// Reason why a server cannot start, as a sentence.
  public struct Failure: Error, Hashable, Sendable {
    /// The reason.
    public var sentence: String
  }

  /// Starts a server.
  ///
  /// - Throws: ``Failure`` if it cannot listen at the address.
  public init(_ options: ViewOptions) throws {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    do {
      (channel, desk, address) = try Self.start(options, group)
      self.group = group
    } catch {
      try? group.syncShutdownGracefully()
      if let refusal = error as? Refusal { throw Failure(sentence: refusal.sentence) }
      throw Failure(
        sentence: "the server cannot listen at \(options.host):\(options.port): \(error)")
    }
  }

  private static func start(
    _ options: ViewOptions, _ group: MultiThreadedEventLoopGroup
  ) throws -> (any Channel, ViewDesk, String) {
    let door = Door()
    let bootstrap = ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 256)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        guard let desk = door.enter(channel) else { return channel.close() }
        return channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          try pipeline.configureHTTPServerPipeline(withErrorHandling: true)
          try pipeline.addHandler(IdleStateHandler(allTimeout: .seconds(idleSeconds)))
          try pipeline.addHandler(RequestHandler(desk))
        }
      }
    let channel = try bootstrap.bind(host: options.host, port: options.port).wait()
    let local = channel.localAddress
    let port = local?.port ?? options.port
    let isLoopback = ["127.0.0.1", "::1"].contains(local?.ipAddress ?? "")
    let host = options.host.contains(":") ? "[\(options.host)]" : options.host
    let guardian = RequestGuard(
      token: RequestGuard.makeToken(), host: host, port: port, isLoopback: isLoopback)
    let desk: ViewDesk
    do {
      desk = try ViewDesk(options, guardian)
    } catch {
      try? channel.close().wait()
      throw error
    }
    door.open(desk)
    let named = ["0.0.0.0", "[::]"].contains(host) ? "127.0.0.1" : host
    return (channel, desk, "http://\(named):\(port)/\(guardian.token)/")
  }

  /// Ends the server: no request is answered any more.
  public func stop() {
    desk.end()
    try? channel.close().wait()
    try? group.syncShutdownGracefully()
  }
}

/// Counts the connections, and closes those that come before the server is ready.
private final class Door: Sendable {
  private static let connectionsMax = 800

  private struct State {
    var desk: ViewDesk?
    var connections = 0
  }

  private let state = Lock(State())

  func open(_ desk: ViewDesk) { state.withLock { $0.desk = desk } }

  /// Returns who answers the connection; nil if there are too many.
  func enter(_ channel: any Channel) -> ViewDesk? {
    let desk = state.withLock { state -> ViewDesk? in
      guard state.connections < Self.connectionsMax, let desk = state.desk else { return nil }
      state.connections += 1
      return desk
    }
    guard let desk else { return nil }
    channel.closeFuture.whenComplete { _ in self.state.withLock { $0.connections -= 1 } }
    return desk
  }
}
