import Glibc
import TraceEvents
import TraceFormat

@testable import TraceExport

/// A value for a hand-made column.
enum HandMade {
  case word(UInt64)
  case text([UInt8])
  case words([UInt64])
  case texts([[UInt8]])

  static func int(_ value: Int64) -> HandMade { .word(UInt64(bitPattern: value)) }
  static func double(_ value: Double) -> HandMade { .word(value.bitPattern) }
  static func string(_ value: String) -> HandMade { .text(Array(value.utf8)) }
}

/// An event of one row with hand-made columns.
struct HandMadeEvent {
  var schema: EventSchema
  var values: [HandMade]
  var time: Int64 = 12_345_678_901
  var cpu: UInt32 = 1
  var isRundown = false
  var stack: [NamedFrame] = []

  init(
    _ fields: [FieldSchema], _ values: [HandMade], name: String = "Placed",
    provider: String = "Shop"
  ) {
    schema = EventSchema(provider: provider, id: 1, name: name, fields: fields)
    self.values = values
  }

  /// Calls `body` with the event as a format sees it.
  func withLine(_ body: (EventLine) -> Void) {
    var heap: [UInt64] = []
    func append(_ bytes: [UInt8]) {
      var padded = bytes
      while padded.count % 8 != 0 { padded.append(0) }
      padded.withUnsafeBytes { heap.append(contentsOf: $0.bindMemory(to: UInt64.self)) }
    }
    let words = values.map { value -> UInt64 in
      let offset = UInt64(heap.count * 8)
      switch value {
      case .word(let word): return word
      case .text(let bytes):
        append(bytes)
        return offset | UInt64(bytes.count) << 32
      case .words(let words):
        heap.append(contentsOf: words)
        return offset | UInt64(words.count) << 32
      case .texts(let texts):
        for text in texts {
          heap.append(UInt64(text.count))
          append(text)
        }
        return offset | UInt64(texts.count) << 32
      }
    }
    words.withUnsafeBufferPointer { words in
      heap.withUnsafeBytes { heap in
        let columns = words.indices.map { FieldColumn(words: words.baseAddress! + $0, heap: heap) }
        columns.withUnsafeBufferPointer { columns in
          body(
            EventLine(
              time: time, unixTime: 1_700_000_000_000_000_000 &+ time, cpu: cpu, pid: 1234,
              tid: 1240, isRundown: isRundown, columns: columns, row: 0))
        }
      }
    }
  }
}

/// Returns the bytes that `body` writes, through a real file descriptor.
func written(
  capacity: Int = 4096, _ body: (inout OutputBuffer) throws -> Void
) rethrows -> [UInt8] {
  let file = tmpfile()!
  defer { fclose(file) }
  let descriptor = fileno(file)
  var output = OutputBuffer(DescriptorSink(descriptor), capacity: capacity)
  try body(&output)
  output.flush()
  var bytes = [UInt8](repeating: 0, count: Int(lseek(descriptor, 0, SEEK_END)))
  let count = pread(descriptor, &bytes, bytes.count, 0)
  return Array(bytes.prefix(count))
}

func text(_ body: (inout OutputBuffer) throws -> Void) rethrows -> String {
  String(decoding: try written(body), as: UTF8.self)
}

/// The events in a format, including its header.
func rendered(_ format: some EventFormat, _ events: HandMadeEvent...) -> String {
  var format = format
  return text { output in
    for (type, event) in events.enumerated() { format.define(type: type, schema: event.schema) }
    format.begin(&output)
    for (type, event) in events.enumerated() {
      event.withLine { format.write($0, stack: event.stack, type: type, to: &output) }
    }
  }
}
