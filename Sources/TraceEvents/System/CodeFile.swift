/// Summary of a jitdump file or perf map of the process, written when the session has finished
/// reading it.
public struct CodeFile: ListedEvent, Hashable {
  /// The path as the process sees it.
  public var path: String
  public var source: CodeSource
  /// Number of pieces of code that the file announced.
  public var entries: UInt64
  /// Number of bytes read; code bytes are skipped.
  public var bytes: UInt64
  /// Problems of the file, as sentences whose subject, the file, is omitted; empty if there are
  /// none.
  public var problems: [String]

  @inlinable
  public init(
    path: String, source: CodeSource, entries: UInt64, bytes: UInt64, problems: [String] = []
  ) {
    self.path = path
    self.source = source
    self.entries = entries
    self.bytes = bytes
    self.problems = problems
  }

  @inlinable
  public init() {
    self.init(path: "", source: CodeSource(rawValue: 0), entries: 0, bytes: 0)
  }

  @inlinable public static var eventID: UInt16 { 24 }
  public static let schema = SystemSchema.event(Self.self, "CodeFile", SystemSchema.Keyword.code)

  /// The fields in the order in which they are written.
  @inlinable public static func fields(_ list: inout some FieldList<Self>) {
    list.field("path", osString: \.path)
    list.field("source", \.source, type: CodeSource.type)
    list.field("entries", \.entries)
    list.field("bytes", \.bytes, hint: .bytes)
    list.field("problems", \.problems)
  }
}
