/// A jitdump file or a perf map of the process was read; told when nothing more is to come of it.
public struct CodeFile: TraceEvent, Hashable {
  /// As the process sees it.
  public var path: String
  public var source: CodeSource
  /// Pieces of code that it announced.
  public var entries: UInt64
  /// How much of it was looked at; code itself is passed over.
  public var bytes: UInt64
  /// What was wrong with it, in sentences without their subject, which is the file; empty when
  /// nothing was.
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
