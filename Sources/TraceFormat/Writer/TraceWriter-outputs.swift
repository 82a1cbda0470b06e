extension TraceWriter {
  /// Creates the file, or empties it.
  public init(
    path: String, session: SessionDescription, options: Options = Options()
  ) throws(FormatError) {
    try self.init(
      TraceOutput(try FileSink(path: path), name: path), session: session, options: options)
  }

  /// Takes over a descriptor that is open for writing at its start; `path` is what messages call
  /// it.
  public init(
    descriptor: Int32, path: String, session: SessionDescription, options: Options = Options()
  ) throws(FormatError) {
    try self.init(
      TraceOutput(FileSink(descriptor: descriptor), name: path), session: session,
      options: options)
  }

  /// Writes to memory, or wherever the sink leads; `name` is what messages call it.
  public init(
    sink: any ByteSink, name: String = "trace", session: SessionDescription,
    options: Options = Options()
  ) throws(FormatError) {
    try self.init(TraceOutput(sink, name: name), session: session, options: options)
  }
}
