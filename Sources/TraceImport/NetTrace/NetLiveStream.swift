/// Reads the .nettrace stream of a running process, in the way of ``NetTraceImporter``.
///
/// - Guarantee: accepts any bytes. Memory is that of the largest block, of the stacks between two
///   sequence points, and of the kinds of events.
package enum NetLiveStream {
  /// Reads a stream up to its end, and writes its events. The report's events are those of
  /// the output.
  ///
  /// - Throws: ``ImportError`` if the stream is not one of a known version.
  package static func read(
    _ bytes: any NetByteSource, name: String, to output: any NetOutput
  ) throws(ImportError) -> ImportReport {
    let blocks = try NetBlocks(bytes, name: name)
    return try NetConversion.begin(blocks, name: name) { _ in output }.run()
  }
}
