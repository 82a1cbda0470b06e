/// A cache of the source lines of images by path and build id.
///
/// Memory: up to `byteCountMax` of debug sections; the least recently used are dropped first.
///
/// - Trap: not thread-safe.
public final class ImageLineSource {
  /// Maximum total size of the debug sections.
  public let byteCountMax: Int
  /// Maximum number of images, including those known to have no lines.
  public let imageCountMax: Int
  private var entries: [Key: Entry] = [:]
  private var useCount: UInt64 = 0

  private struct Key: Hashable {
    var path: String
    var buildID: BuildID?
    var files: DebugFiles
  }

  private struct Entry {
    var lines: ImageLines?
    var lastUse: UInt64
    var byteCount: Int { lines?.byteCount ?? 0 }
  }

  public init(byteCountMax: Int = 1 << 30, imageCountMax: Int = 256) {
    self.byteCountMax = byteCountMax
    self.imageCountMax = imageCountMax
  }

  /// The image's lines; nil if neither it nor a debug file of it has any. Failures are cached, too.
  public func lines(
    path: String, buildID: BuildID?, files: DebugFiles = DebugFiles()
  ) -> ImageLines? {
    let key = Key(path: path, buildID: buildID, files: files)
    useCount += 1
    if entries[key] != nil {
      entries[key]!.lastUse = useCount
      return entries[key]!.lines
    }
    let lines = ImageLines(path: path, expected: buildID, files: files)
    entries[key] = Entry(lines: lines, lastUse: useCount)
    evict()
    return lines
  }

  /// The newest image is kept even if it is larger than the limit.
  private func evict() {
    var byteCount = entries.values.reduce(0) { $0 + $1.byteCount }
    while entries.count > 1, byteCount > byteCountMax || entries.count > imageCountMax,
      let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse })
    {
      byteCount -= oldest.value.byteCount
      entries[oldest.key] = nil
    }
  }
}
