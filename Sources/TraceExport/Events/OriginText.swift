internal import TraceFormat

/// Where an event came from, as it was written last: most events come from the same CPU and thread
/// as the one before, and then their text is only copied.
struct OriginText {
  private static let byteLimit = 128

  private var cpu: UInt32 = 0
  private var pid: UInt32 = 0
  private var tid: UInt32 = 0
  private var count = 0
  private let text: UnsafeMutablePointer<UInt8>

  /// The text lies in `arena`.
  init(in arena: ByteArena) {
    let bytes = arena.store([UInt8](repeating: 0, count: Self.byteLimit))
    text = UnsafeMutablePointer(mutating: bytes.start)
  }

  /// Writes the origin, by `render` where it is another than the last.
  @inline(__always)
  mutating func append(
    _ event: borrowing EventLine, to output: inout OutputBuffer,
    _ render: (borrowing EventLine, inout OutputBuffer) -> Void
  ) {
    if count > 0, event.tid == tid, event.pid == pid, event.cpu == cpu {
      output.append(padded: ByteSlice(start: text, count: count))
      return
    }
    output.reserve(Self.byteLimit)
    let start = output.count
    render(event, &output)
    count = output.count - start
    precondition(count <= Self.byteLimit)
    text.update(from: output.base + start, count: count)
    cpu = event.cpu
    pid = event.pid
    tid = event.tid
  }
}

extension OutputBuffer {
  /// A CPU's number, or `none` for what came about on no CPU.
  mutating func append(cpu: UInt32, orNone none: StaticString) {
    if cpu == UInt32(EventHeader.noCPU) {
      append(none)
    } else {
      append(decimal: UInt64(cpu))
    }
  }
}
