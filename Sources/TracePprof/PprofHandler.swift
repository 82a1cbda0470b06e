/// Answers the requests of `/debug/pprof` for a program with an HTTP server of its own.
///
///     let pprof = PprofHandler()
///     router.get("/debug/pprof/**") { request, _ in
///       let answer = await pprof.respond(to: PprofRequest(target: request.uri.string))
///       …                                    // status, headers, body: an async sequence
///     }
///
/// - Guarantee: ``PprofOptions/token`` is checked; a task that is cancelled ends its profile. The
///   work is done on threads of its own.
/// - Trap: it does not check the header `Host`, because the router knows its names; a server that
///   browsers of other sites' pages can reach needs a token. While all threads of the cooperative
///   pool are blocked, an `async` function does not get to run; ``PprofServer`` does not need them.
public final class PprofHandler: Sendable {
  let options: PprofOptions
  private let desk: PprofDesk
  private let jobs = PprofJobs()

  public init(_ options: PprofOptions = PprofOptions()) {
    self.options = options
    desk = PprofDesk(options)
  }

  /// Ends the jobs, and waits for their threads.
  deinit { jobs.end() }

  /// Answers a request.
  public func respond(to request: PprofRequest) async -> PprofResponse {
    let cancellation = Cancellation()
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        answer(request, cancellation) { continuation.resume(returning: $0) }
      }
    } onCancel: {
      cancellation.set()
    }
  }

  /// Calls `completion` once with the answer, at once or on another thread.
  func answer(
    _ request: PprofRequest, _ cancellation: Cancellation,
    _ completion: @escaping @Sendable (PprofResponse) -> Void
  ) {
    do throws(PprofRefusal) {
      let work = try desk.work(for: request)
      let hasStarted = jobs.start(cancellation) {
        completion(Self.response { () throws(PprofRefusal) in try work(cancellation) })
      }
      if !hasStarted {
        throw PprofRefusal(503, "\(PprofJobs.jobsMax) requests are being answered already.")
      }
    } catch {
      completion(error.response)
    }
  }

  private static func response(
    _ body: () throws(PprofRefusal) -> PprofResponse
  ) -> PprofResponse {
    do throws(PprofRefusal) { return try body() } catch { return error.response }
  }

  /// Ends the jobs, and waits for their threads; later requests get status 503.
  func end() { jobs.end() }
}
