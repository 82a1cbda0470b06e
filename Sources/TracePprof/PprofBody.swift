/// The body of an answer, in chunks of at most 64 KiB.
public struct PprofBody: AsyncSequence, Sendable {
  static let chunkBytes = 64 << 10

  private enum Content {
    case bytes([UInt8])
    case file(OpenFile)
  }

  private let content: Content
  /// Size of the whole body in bytes.
  public let count: Int

  init(_ bytes: [UInt8]) {
    content = .bytes(bytes)
    count = bytes.count
  }

  /// Makes a body of a file, which is kept open as long as the body.
  init(_ file: OpenFile) {
    content = .file(file)
    count = file.byteCount
  }

  /// The bytes from `offset` on, at most one chunk; empty at the end, and if a file cannot be read.
  func chunk(at offset: Int) -> [UInt8] {
    let size = Swift.min(count - offset, Self.chunkBytes)
    switch content {
    case .bytes(let bytes): return Array(bytes[offset..<offset + size])
    case .file(let file): return file.bytes(at: offset, count: size)
    }
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
