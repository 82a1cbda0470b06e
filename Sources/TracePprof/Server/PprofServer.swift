internal import Locks
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import TraceSession

/// An HTTP server with the profiles of this process under `/debug/pprof/`, for `go tool pprof`.
///
///     let server = try PprofServer.start()        // http://127.0.0.1:6060/debug/pprof/
///
/// - Guarantee: it answers on threads of its own, so also while every thread of the cooperative
///   pool is blocked. Only this machine can connect unless ``PprofOptions/host`` says otherwise.
///   Its connections, jobs and answers are bounded. After ``stop()`` no thread, descriptor or
///   timer is left.
/// - Cost: one sleeping thread; a profile costs what ``PprofHandler`` does while it is taken.
/// - Trap: who can connect can see the names of functions and the arguments of the program. Other
///   users of the machine can connect to a loopback address; set ``PprofOptions/token`` against
///   that.
public final class PprofServer: Sendable {
  private static let idleSeconds: Int64 = 75

  private let group: MultiThreadedEventLoopGroup
  private let channel: any Channel
  private let handler: PprofHandler
  private let isStopped = Lock(false)
  /// The port at which it listens.
  public let port: Int
  /// The address of the index page.
  public let address: String

  /// The reason why a server cannot start, as a sentence.
  public struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
    public var description: String
  }

  /// Starts a server, which runs until ``stop()``.
  ///
  /// - Throws: ``Failure`` if it cannot listen at the address.
  public static func start(_ options: PprofOptions = PprofOptions()) throws(Failure) -> PprofServer
  {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    do {
      return try PprofServer(options, group)
    } catch {
      try? group.syncShutdownGracefully()
      throw Failure(
        description: "The server cannot listen at \(options.host):\(options.port): \(error).")
    }
  }

  /// Runs a server until the task is cancelled.
  ///
  /// - Throws: ``Failure`` if it cannot listen at the address.
  public static func run(_ options: PprofOptions = PprofOptions()) async throws {
    let server = try start(options)
    let (ended, end) = AsyncStream.makeStream(of: Void.self)
    await withTaskCancellationHandler {
      for await _ in ended {}
    } onCancel: {
      end.finish()
    }
    await withCheckedContinuation { continuation in
      // Waits for threads, which a task must not.
      let thread = try? NamedThread("pprof-stop") {
        server.stop()
        continuation.resume()
      }
      if thread == nil {
        server.stop()
        continuation.resume()
      }
    }
  }

  private init(_ options: PprofOptions, _ group: MultiThreadedEventLoopGroup) throws {
    let handler = PprofHandler(options)
    let door = PprofDoor()
    let bootstrap = ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 256)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        guard let check = door.enter(channel) else { return channel.close() }
        return channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          try pipeline.configureHTTPServerPipeline(
            withPipeliningAssistance: false, withErrorHandling: true)
          try pipeline.addHandler(IdleStateHandler(allTimeout: .seconds(Self.idleSeconds)))
          try pipeline.addHandler(PprofChannelHandler(handler, check))
        }
      }
    channel = try bootstrap.bind(host: options.host, port: options.port).wait()
    let local = channel.localAddress
    port = local?.port ?? options.port
    let host = options.host.contains(":") ? "[\(options.host)]" : options.host
    let isLoopback = ["127.0.0.1", "::1"].contains(local?.ipAddress ?? "")
    door.open(HostCheck(host: host, port: port, isLoopback: isLoopback))
    let named = ["0.0.0.0", "[::]"].contains(host) ? "127.0.0.1" : host
    address = "http://\(named):\(port)\(options.prefix)/"
    self.handler = handler
    self.group = group
  }

  /// Ends the server and the profiles that are being taken. Repeated calls do nothing.
  ///
  /// - Cost: waits until its threads have ended: some milliseconds, or as long as it takes to find
  ///   the names of a profile that is complete.
  public func stop() {
    let isFirst = isStopped.withLock { isStopped in
      defer { isStopped = true }
      return !isStopped
    }
    guard isFirst else { return }
    try? channel.close().wait()
    handler.end()
    try? group.syncShutdownGracefully()
  }

  deinit { stop() }
}
