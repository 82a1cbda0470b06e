import Glibc

/// The sink that a trace is written to, its name in messages, and the number of bytes written.
struct TraceOutput: ~Copyable {
  private let sink: any ByteSink
  private let name: String
  private(set) var byteCount: UInt64 = 0

  init(_ sink: any ByteSink, name: String) {
    self.sink = sink
    self.name = name
  }

  mutating func write(_ bytes: UnsafeRawBufferPointer) throws(FormatError) {
    do throws(SinkError) { try sink.write(bytes) } catch {
      throw .io(operation: "write", path: name, code: error.code)
    }
    byteCount += UInt64(bytes.count)
  }

  /// Whether the output can be read back.
  var isReadable: Bool { (sink as? any RereadableSink)?.isReadable == true }

  /// Opens the output for reading. `index` is the content that a closing index would have.
  func reopened(index: UnsafeRawBufferPointer) throws(FormatError) -> TraceFile {
    guard let sink = sink as? any RereadableSink else {
      throw .io(operation: "read back", path: name, code: ESPIPE)
    }
    return try TraceFile(source: try sink.source(name: name), index: index, end: byteCount)
  }
}
