/// The body of an answer, in chunks of at most 64 KiB.
public struct PprofBody: AsyncSequence, Sendable {
  static let chunkBytes = 64 << 10

  private let bytes: [UInt8]
  /// Size of the whole body in bytes.
  public var count: Int { bytes.count }

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// The bytes from `offset` on, at most one chunk; empty at the end.
  func chunk(at offset: Int) -> [UInt8] {
    Array(bytes[offset..<Swift.min(bytes.count, offset + Self.chunkBytes)])
  }

  /// Reads a body chunk by chunk.
  public struct AsyncIterator: AsyncIteratorProtocol {
    fileprivate let body: PprofBody
    fileprivate var offset = 0

    public mutating func next() async -> [UInt8]? {
      let chunk = body.chunk(at: offset)
      offset += chunk.count
      return chunk.isEmpty ? nil : chunk
    }
  }

  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(body: self) }
}
