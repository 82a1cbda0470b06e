/// Where rendered bytes go: a file, a pipe, a socket, memory.
///
/// A renderer writes to a sink and knows nothing else of its output.
public protocol ByteSink: AnyObject {
  /// Takes all of `bytes`, in order.
  ///
  /// - Throws: the reason why it cannot. The caller writes nothing more afterwards.
  func write(_ bytes: UnsafeRawBufferPointer) throws(SinkError)
}

/// Why a sink took no more bytes.
public struct SinkError: Error, Hashable, Sendable {
  /// An `errno` value. `EPIPE`: the reader has gone.
  public var code: CInt

  public init(code: CInt) { self.code = code }
}

/// Keeps what is written in memory.
///
/// - Cost: memory grows with the output.
public final class MemorySink: ByteSink {
  public private(set) var bytes: [UInt8] = []

  public init() {}

  public var text: String { String(decoding: bytes, as: UTF8.self) }

  /// Appends to ``bytes``; never fails.
  public func write(_ bytes: UnsafeRawBufferPointer) throws(SinkError) {
    self.bytes.append(contentsOf: bytes)
  }
}
