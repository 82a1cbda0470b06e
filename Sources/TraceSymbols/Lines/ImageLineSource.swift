/// The source lines of images by path and build-id, kept while they are used.
///
/// Memory: up to `byteCountMax` of debug sections, those used longest ago dropped first.
///
/// - Trap: not for use from several threads at once.
public final class ImageLineSource {
  /// Debug sections kept, in bytes together.
  public let byteCountMax: Int
  /// Images kept, those known to have no lines too.
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

  /// The image's lines; nil, and remembered so, where neither it nor a debug file of it has any.
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

  /// The newest stays, however large it is.
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
