internal import Locks

/// A cache of the functions of images by path and build id.
///
/// Thread-safe; loading an image blocks other lookups. Memory: up to `byteCountMax` of tables; the
/// least recently used are dropped first.
public final class ImageSymbolSource: Sendable {
  /// Maximum total size of the tables.
  public let byteCountMax: Int
  /// Maximum number of images, including paths known to have none.
  public let imageCountMax: Int
  private let state = Lock(State())

  private struct Key: Hashable {
    var path: String
    var buildID: BuildID?
    var files: DebugFiles
  }

  private struct Entry {
    var image: Result<LoadedImage, ImageProblem>
    var lastUse: UInt64
    var byteCount: Int
  }

  private struct State {
    var entries: [Key: Entry] = [:]
    var useCount: UInt64 = 0
    var byteCount = 0
  }

  public init(byteCountMax: Int = 1 << 30, imageCountMax: Int = 1024) {
    self.byteCountMax = byteCountMax
    self.imageCountMax = imageCountMax
  }

  /// The image's functions, or the reason why there are none. Failures are cached, too.
  public func image(
    path: String, buildID: BuildID?, files: DebugFiles = DebugFiles()
  ) -> Result<LoadedImage, ImageProblem> {
    let key = Key(path: path, buildID: buildID, files: files)
    return state.withLock { state in
      state.useCount += 1
      if let known = state.entries[key] {
        state.entries[key]!.lastUse = state.useCount
        return known.image
      }
      let image = Self.load(key)
      let byteCount = (try? image.get().symbols.byteCount) ?? 0
      state.entries[key] = Entry(image: image, lastUse: state.useCount, byteCount: byteCount)
      state.byteCount += byteCount
      evict(&state)
      return image
    }
  }

  private static func load(_ key: Key) -> Result<LoadedImage, ImageProblem> {
    Result { () throws(ImageProblem) in
      let image = try LoadedImage(path: key.path, expected: key.buildID, files: key.files)
      if image.symbols.isEmpty { throw .noSymbols(path: key.path) }
      return image
    }
  }

  /// The newest image is kept even if it is larger than the limit.
  private func evict(_ state: inout State) {
    while state.entries.count > 1,
      state.byteCount > byteCountMax || state.entries.count > imageCountMax,
      let oldest = state.entries.min(by: { $0.value.lastUse < $1.value.lastUse })
    {
      state.byteCount -= oldest.value.byteCount
      state.entries[oldest.key] = nil
    }
  }
}
