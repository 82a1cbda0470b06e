/// The notes of event-storm in its shared file (Samples/EventStorm/SharedNote.swift has the
/// layout).
struct StormNote {
  private let words: [UInt64]
  private let threads: Int

  init(path: String, threads: Int) throws {
    let bytes = try readBytes(path)
    words = bytes.withUnsafeBytes { buffer in
      (0..<buffer.count / 8).map {
        buffer.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self)
      }
    }
    self.threads = threads
  }

  var processCount: Int { words.count / (8 * (threads + 1)) }

  /// The last sequence number whose emit had returned.
  func emitted(process: Int = 0, thread: Int) -> UInt64 {
    words[(process * (threads + 1) + thread) * 8]
  }

  func isReady(process: Int) -> Bool { words[process * (threads + 1) * 8 + 2] == 1 }

  /// The total number of emitted events, including those from signal handlers.
  var total: UInt64 {
    stride(from: 0, to: words.count, by: 8).reduce(0) { $0 + words[$1] }
  }

  var areAllReady: Bool {
    processCount > 0 && (0..<processCount).allSatisfy { isReady(process: $0) }
  }
}
