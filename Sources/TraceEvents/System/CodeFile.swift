/// Summary of a jitdump file or perf map of the process, written when the session has finished
/// reading it.
public struct CodeFile: TraceEvent, Hashable {
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

  @inlinable public static var eventID: UInt16 { 24 }
  public static let schema = SystemSchema.event(
    eventID, "CodeFile", SystemSchema.Keyword.code,
    [
      FieldSchema("path", .string),
      FieldSchema("source", CodeSource.type),
      FieldSchema("entries", .uint64),
      FieldSchema("bytes", .uint64, .bytes),
      FieldSchema("problems", .array(.string)),
    ])

  @inlinable public func encode(into encoder: inout EventEncoder) {
    encoder.encode(osString: path)
    encoder.encode(source)
    encoder.encode(entries)
    encoder.encode(bytes)
    encoder.encode(array: problems)
  }

  public init(from decoder: inout EventDecoder) {
    path = decoder.decodeOSString()
    source = decoder.decode()
    entries = decoder.decode()
    bytes = decoder.decode()
    problems = decoder.decode(arrayOf: String.self)
  }
}
