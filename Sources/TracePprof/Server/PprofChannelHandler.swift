internal import NIOCore
internal import NIOHTTP1

/// Reads the requests of one connection and writes the answers, one at a time.
///
/// The connection is read all the time, so that the end of a client ends its profile.
final class PprofChannelHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private let handler: PprofHandler
  private let check: HostCheck
  private var head: HTTPRequestHead?
  private var body: [UInt8] = []
  /// The job whose answer is awaited.
  private var job: Cancellation?
  private var isAnswering = false

  init(_ handler: PprofHandler, _ check: HostCheck) {
    (self.handler, self.check) = (handler, check)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head):
      // A client has to wait for its answer.
      if isAnswering { return context.close(promise: nil) }
      self.head = head
      body = []
    case .body(let part):
      body += part.readableBytesView
      if body.count > PprofDesk.bodyBytesMax { context.close(promise: nil) }
    case .end:
      guard let head else { return }
      self.head = nil
      answer(head, context)
    }
  }

  private func answer(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
    isAnswering = true
    let writer = PprofWriter(
      context, keepsAlive: head.isKeepAlive, isHead: head.method == .HEAD)
    guard check.admits(head.headers["host"]) else {
      let refusal = PprofRefusal(403, "The Host of the request is not this server's.")
      return write(refusal.response, writer)
    }
    var request = PprofRequest(
      method: head.method.rawValue, target: head.uri,
      authorization: head.headers.first(name: "authorization"))
    request.body = body
    body = []
    let cancellation = Cancellation()
    job = cancellation
    let promise = context.eventLoop.makePromise(of: PprofResponse.self)
    handler.answer(request, cancellation) { promise.succeed($0) }
    promise.futureResult.assumeIsolated().whenSuccess { [self] response in
      job = nil
      guard context.channel.isActive else { return }
      write(response, writer)
    }
  }

  private func write(_ response: PprofResponse, _ writer: PprofWriter) {
    writer.write(response) { [self] in isAnswering = false }
  }

  func channelInactive(context: ChannelHandlerContext) {
    job?.set()
    context.fireChannelInactive()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    // A client that neither asks nor reads is cut off.
    if event is IdleStateHandler.IdleStateEvent, job == nil { context.close(promise: nil) }
    context.fireUserInboundEventTriggered(event)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }
}

/// Writes one answer, a chunk at a time: the next one when the last one has been sent.
final class PprofWriter {
  private let context: ChannelHandlerContext
  private let keepsAlive: Bool
  private let isHead: Bool

  init(_ context: ChannelHandlerContext, keepsAlive: Bool, isHead: Bool) {
    (self.context, self.keepsAlive, self.isHead) = (context, keepsAlive, isHead)
  }

  /// Calls `completion` when the answer has been sent and the connection stays.
  func write(_ response: PprofResponse, _ completion: @escaping () -> Void) {
    var head = HTTPResponseHead(
      version: .http1_1, status: .init(statusCode: response.status))
    for (name, value) in response.headers { head.headers.add(name: name, value: value) }
    head.headers.add(name: "content-length", value: String(response.body.count))
    head.headers.add(name: "connection", value: keepsAlive ? "keep-alive" : "close")
    context.write(NIOAny(HTTPServerResponsePart.head(head)), promise: nil)
    if isHead { return finish(completion) }
    writeBody(response.body, at: 0, completion)
  }

  private func writeBody(_ body: PprofBody, at offset: Int, _ completion: @escaping () -> Void) {
    if offset == body.count { return finish(completion) }
    let chunk = body.chunk(at: offset)
    // A file that cannot be read: the client sees that the answer is not whole.
    if chunk.isEmpty { return context.close(promise: nil) }
    let buffer = context.channel.allocator.buffer(bytes: chunk)
    let written = context.eventLoop.makePromise(of: Void.self)
    context.writeAndFlush(
      NIOAny(HTTPServerResponsePart.body(.byteBuffer(buffer))), promise: written)
    written.futureResult.assumeIsolated().whenSuccess { [self] in
      writeBody(body, at: offset + chunk.count, completion)
    }
  }

  private func finish(_ completion: @escaping () -> Void) {
    let written = context.eventLoop.makePromise(of: Void.self)
    written.futureResult.assumeIsolated().whenComplete { [self] _ in
      completion()
      if !keepsAlive { context.close(promise: nil) }
    }
    context.writeAndFlush(NIOAny(HTTPServerResponsePart.end(nil)), promise: written)
  }
}
