internal import TraceFormat

/// The rendered origin of the last event. Most events come from the same CPU and thread as their
/// predecessor, so the text is only copied.
struct OriginText {
  private static let byteLimit = 128

  private var cpu: UInt32 = 0
  private var pid: UInt32 = 0
  private var tid: UInt32 = 0
  private var count = 0
  private let text: UnsafeMutablePointer<UInt8>

  /// Creates a text stored in `arena`.
  init(in arena: ByteArena) {
    let bytes = arena.store([UInt8](repeating: 0, count: Self.byteLimit))
    text = UnsafeMutablePointer(mutating: bytes.start)
  }

  /// Writes the origin, calling `render` only if it differs from the last one.
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
  /// Appends the number of a CPU, or `none` for an event that belongs to no CPU.
  mutating func append(cpu: UInt32, orNone none: StaticString) {
    if cpu == UInt32(EventHeader.noCPU) {
      append(none)
    } else {
      append(decimal: UInt64(cpu))
    }
  }
}
