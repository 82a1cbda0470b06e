/// A destination for bytes, such as a trace or a rendered report: a file, a pipe, a socket or
/// memory.
///
/// A writer needs nothing of its output beyond this protocol.
public protocol ByteSink: AnyObject {
  /// Writes all of `bytes`, in order.
  ///
  /// - Throws: the reason for a failure. The caller writes nothing more afterwards.
  func write(_ bytes: UnsafeRawBufferPointer) throws(SinkError)
}

/// The reason why a sink accepts no more bytes.
public struct SinkError: Error, Hashable, Sendable {
  /// An `errno` value. `EPIPE` means that the reader has closed its end.
  public var code: CInt

  public init(code: CInt) { self.code = code }
}

/// A sink whose bytes can be read back while it is being written to.
protocol RereadableSink: ByteSink {
  /// Whether reading back is possible; for example, it is not for a pipe.
  var isReadable: Bool { get }
  /// Returns the bytes written so far. `name` is used in messages.
  func source(name: String) throws(FormatError) -> TraceBytes
}

/// A sink that stores the output in memory.
///
/// - Cost: memory grows with the output.
public final class MemorySink: ByteSink {
  public private(set) var bytes: [UInt8] = []

  public init() {}

  public var text: String { String(decoding: bytes, as: UTF8.self) }

  /// Appends to ``bytes``. Never fails.
  public func write(_ bytes: UnsafeRawBufferPointer) throws(SinkError) {
    self.bytes.append(contentsOf: bytes)
  }
}

extension MemorySink: RereadableSink {
  var isReadable: Bool { true }

  func source(name: String) throws(FormatError) -> TraceBytes {
    TraceBytes(bytes: bytes, name: name)
  }
}
