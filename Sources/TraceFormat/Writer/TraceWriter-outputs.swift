extension TraceWriter {
  /// Creates a writer to a file, which is created or truncated.
  public init(
    path: String, session: SessionDescription, options: Options = Options()
  ) throws(FormatError) {
    try self.init(
      TraceOutput(try FileSink(path: path), name: path), session: session, options: options)
  }

  /// Creates a writer that takes ownership of a descriptor, which is open for writing at its start.
  /// `path` is used in messages.
  public init(
    descriptor: Int32, path: String, session: SessionDescription, options: Options = Options()
  ) throws(FormatError) {
    try self.init(
      TraceOutput(FileSink(descriptor: descriptor), name: path), session: session,
      options: options)
  }

  /// Creates a writer to memory or any other sink. `name` is used in messages.
  public init(
    sink: any ByteSink, name: String = "trace", session: SessionDescription,
    options: Options = Options()
  ) throws(FormatError) {
    try self.init(TraceOutput(sink, name: name), session: session, options: options)
  }
}
