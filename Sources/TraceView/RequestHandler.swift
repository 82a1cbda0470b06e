internal import NIOCore
internal import NIOHTTP1

/// Reads the requests of one connection and writes the answers.
final class RequestHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  /// A request has no body; a client that sends one is cut off after these bytes.
  private static let bodyBytesMax = 64 << 10

  private let desk: ViewDesk
  private var head: HTTPRequestHead?
  private var bodyBytes = 0
  private var isAnswering = false

  init(_ desk: ViewDesk) { self.desk = desk }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head):
      self.head = head
      bodyBytes = 0
    case .body(let part):
      bodyBytes += part.readableBytes
      if bodyBytes > Self.bodyBytesMax { context.close(promise: nil) }
    case .end:
      guard let head else { return }
      self.head = nil
      answer(head, context)
    }
  }

  private func answer(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
    isAnswering = true
    let request = RequestGuard.Request(
      method: head.method.rawValue, target: head.uri, hosts: head.headers["host"],
      origins: head.headers["origin"])
    let keepsAlive = head.isKeepAlive
    let isHead = head.method == .HEAD
    desk.answer(request, on: context.eventLoop).assumeIsolated().whenComplete { [self] result in
      isAnswering = false
      guard context.channel.isActive, case .success(let answer) = result else { return }
      write(answer, context, keepsAlive: keepsAlive, isHead: isHead)
    }
  }

  private func write(
    _ answer: Answer, _ context: ChannelHandlerContext, keepsAlive: Bool, isHead: Bool
  ) {
    var head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: answer.status))
    head.headers = Self.headers(answer)
    head.headers.add(name: "connection", value: keepsAlive ? "keep-alive" : "close")
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    if !isHead, !answer.bytes.isEmpty {
      let buffer = context.channel.allocator.buffer(bytes: answer.bytes)
      context.write(wrapOutboundOut(.body(.byteBuffer(buffer))), promise: nil)
    }
    let written = context.eventLoop.makePromise(of: Void.self)
    if !keepsAlive {
      written.futureResult.assumeIsolated().whenComplete { _ in context.close(promise: nil) }
    }
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: written)
  }

  /// Nothing from elsewhere is loaded or run, whatever a trace's names contain, and no other page
  /// may embed or read the answers.
  private static func headers(_ answer: Answer) -> HTTPHeaders {
    var headers: HTTPHeaders = [
      "content-type": answer.mediaType,
      "content-length": String(answer.bytes.count),
      "content-security-policy": """
      default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'
      """,
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      // Pages that it opens, such as Perfetto, may be sent a file.
      "cross-origin-opener-policy": "same-origin-allow-popups",
      "cross-origin-resource-policy": answer.allowedOrigin == nil ? "same-origin" : "cross-origin",
      "cache-control": "no-store",
    ]
    if let origin = answer.allowedOrigin {
      headers.add(name: "access-control-allow-origin", value: origin)
      headers.add(name: "access-control-allow-methods", value: "GET")
      headers.add(name: "access-control-allow-private-network", value: "true")
      headers.add(name: "vary", value: "origin")
    }
    if let name = answer.fileName {
      headers.add(name: "content-disposition", value: "attachment; filename=\"\(name)\"")
    }
    if let location = answer.location { headers.add(name: "location", value: location) }
    return headers
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    // A client that neither asks nor reads is cut off.
    if event is IdleStateHandler.IdleStateEvent, !isAnswering { context.close(promise: nil) }
    context.fireUserInboundEventTriggered(event)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }
}
