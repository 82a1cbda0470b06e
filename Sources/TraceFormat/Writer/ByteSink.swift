/// Where bytes go, be they a trace or a rendered report: a file, a pipe, a socket, memory.
///
/// What writes to a sink knows nothing else of its output.
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

/// A sink whose bytes can be read again while it is written to.
protocol RereadableSink: ByteSink {
  /// Whether they can: a pipe gives nothing back.
  var isReadable: Bool { get }
  /// What was written so far; `name` is what messages call it.
  func source(name: String) throws(FormatError) -> ByteSource
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

extension MemorySink: RereadableSink {
  var isReadable: Bool { true }

  func source(name: String) throws(FormatError) -> ByteSource {
    ByteSource(bytes: bytes, name: name)
  }
}
