import CTraceShims
import Glibc
import TraceEvents
import TraceFormat
import TraceImport

/// Speaks with a runtime that says whatever it is given, for the fuzzer, which is a separate
/// package.
@_spi(Fuzzing) public enum DiagnosticProbe {
  /// Sends bytes over a socket in place of a runtime, and reads them as a session does. The first
  /// byte selects what they answer: 0 the question what the process is, 1 the command to begin a
  /// session, after whose answer the events follow; 2 nothing, the runtime connects by itself.
  ///
  /// - Returns: the number of answers and events that are accepted.
  public static func hear(_ bytes: UnsafeRawBufferPointer) -> Int {
    guard let kind = bytes.first,
      let (socket, runtime) = connection(UnsafeRawBufferPointer(rebasing: bytes[1...]))
    else { return 0 }
    // It is open while it is asked, though it reads nothing.
    defer { close(runtime) }
    return switch kind % 3 {
    case 0: hearInformation(socket)
    case 1: hearEvents(socket)
    default: hearHello(socket)
    }
  }

  /// The largest input, which fits into a socket.
  private static let bytesMax = 65_536

  /// A connection whose other end has sent these bytes and has nothing more to say.
  private static func connection(
    _ bytes: UnsafeRawBufferPointer
  ) -> (DiagnosticSocket, runtime: Int32)? {
    var ends: [Int32] = [0, 0]
    guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0
    else { return nil }
    let socket = DiagnosticSocket(ends[0])
    var rest = UnsafeRawBufferPointer(rebasing: bytes.prefix(bytesMax))
    while let start = rest.baseAddress, !rest.isEmpty {
      let count = trace_packet_send(ends[1], start, rest.count, nil, 0)
      guard count > 0 else { break }
      rest = UnsafeRawBufferPointer(rebasing: rest[Int(count)...])
    }
    shutdown(ends[1], Int32(SHUT_WR))
    return (socket, ends[1])
  }

  private static func hearInformation(_ socket: DiagnosticSocket) -> Int {
    guard case .ok(let payload) = ask(socket, .processInfo2, []) else { return 0 }
    let entry = DotNetDirectory.Entry(pid: 1, executable: "", payload: payload)
    precondition(entry.runtime.utf8.count < 1 << 14, "a text is too long")
    return 1
  }

  private static func hearEvents(_ socket: DiagnosticSocket) -> Int {
    let command = DiagnosticMessage.Command.collectTracing2
    let payload = DiagnosticMessage.session(command, bufferMegabytes: 1, stacks: false, [])
    guard case .ok = ask(socket, command, payload) else { return 0 }
    let output = ProbeOutput()
    let stream = DotNetStream(socket, stopDescriptor: -1, onIdle: {}, onStop: {})
    guard let report = try? NetLiveStream.read(stream, name: "the stream", to: output) else {
      return 1
    }
    precondition(report.events == output.eventCount, "the report is of other events")
    precondition(stream.problem == nil, "the stream did not end")
    return 1 + Int(output.eventCount)
  }

  private static func hearHello(_ socket: DiagnosticSocket) -> Int {
    var visitor = DotNetPort.Visitor(socket: socket, until_ns: 0)
    while true {
      if let isRuntime = DotNetPort.hear(&visitor) { return isRuntime ? 1 : 0 }
    }
  }

  private static func ask(
    _ socket: DiagnosticSocket, _ command: DiagnosticMessage.Command, _ payload: [UInt8]
  ) -> DiagnosticMessage.Answer? {
    socket.ask(command, payload, deadline_ns: trace_monotonic_ns() &+ 1_000_000_000)
  }
}

/// Encodes events as a session does, and keeps none.
private final class ProbeOutput: NetOutput {
  private(set) var eventCount: UInt64 = 0
  private var record = RecordWords()
  private var schemas: UInt16 = 0
  let takesSamples = true

  func admits(_ schema: EventSchema) -> (event: Bool, stack: Bool) { (true, true) }
  func define(provider: ProviderSchema) {}
  func describe(_ process: ProcessRecord) {}
  func addProcess(_ process: ProcessRecord) -> UInt32 { ProcessNumbers.firstForeign }
  func addLoss(_ loss: LossRecord) {}
  func finish(_ sync: ClockSync) throws(FormatError) {}

  func number(of schema: EventSchema) -> UInt16? {
    guard schemas < 1000 else { return nil }
    schemas += 1
    return schemas
  }

  func addThread(
    _ tid: UInt32, named name: String, of process: UInt32, atTicks ticks: UInt64
  ) throws(FormatError) {
    eventCount += 1
  }

  func append(
    numbered ref: UInt16, _ header: RecordHeader, stack: [UInt64],
    encode: (inout EventEncoder) -> Void
  ) throws(FormatError) {
    guard record.write(encode) else {
      throw .unacceptableEvent(name: "\(ref)", reason: "it is too large")
    }
    eventCount += 1
  }

  func append<Event: TraceEvent>(
    _ event: Event, _ header: RecordHeader, stack: [UInt64]
  ) throws(FormatError) {
    try append(numbered: 1, header, stack: stack) { event.encode(into: &$0) }
  }
}
