internal import TraceFormat

/// The rendered origin of the last event. Most events come from the same CPU and thread as their
/// predecessor, so the text is only copied.
struct OriginText {
  /// Maximum number of bytes of a CPU, a process and a thread without its name.
  private static let numbersLimit = 128
  /// Maximum number of bytes of an escaped byte.
  private static let escapeLimit = 8
  /// Maximum size of a text that is kept for the next event.
  private static let byteLimit = 1024

  private var cpu: UInt32 = 0
  private var pid: UInt32 = 0
  private var tid: UInt32 = 0
  /// Number of bytes of the text; 0 if there is none.
  private var count = 0
  private var threadName: String?
  private let text: UnsafeMutablePointer<UInt8>

  /// Creates a text stored in `arena`.
  init(in arena: ByteArena) {
    let bytes = arena.store([UInt8](repeating: 0, count: Self.byteLimit))
    text = UnsafeMutablePointer(mutating: bytes.start)
  }

  /// Sets the name of the following events' thread.
  mutating func setThread(name: String?) {
    threadName = name
    count = 0
  }

  /// Writes the origin, calling `render` with the thread's name only if it differs from the last
  /// one.
  @inline(__always)
  mutating func append(
    _ event: EventLine, to output: inout OutputBuffer,
    _ render: (EventLine, String?, inout OutputBuffer) -> Void
  ) {
    if count > 0, event.tid == tid, event.pid == pid, event.cpu == cpu {
      output.append(padded: ByteSlice(start: text, count: count))
      return
    }
    let nameBytes = threadName?.utf8.count ?? 0
    guard nameBytes <= (Self.byteLimit - Self.numbersLimit) / Self.escapeLimit else {
      count = 0
      return render(event, threadName, &output)
    }
    output.reserve(Self.byteLimit)
    let start = output.count
    render(event, threadName, &output)
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
