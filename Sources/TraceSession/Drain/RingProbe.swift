import CTraceShims
import Glibc
import TraceEvents
import TraceFormat
import TraceRing

/// Runs the drain on memory with arbitrary contents, for the fuzzer, which is a separate package.
@_spi(Fuzzing) public enum RingProbe {
  /// Writes bytes into a mapped buffer set and drains it into a trace that is read again
  /// immediately.
  ///
  /// The first byte selects the set: bits 0-1 the mode, bit 2 whether it is for rseq writers. Steps
  /// follow, each an opcode and its operands, little endian:
  ///
  ///     0 place(3) count(2) bytes   writes into the header, the controls or the data
  ///     1                           drains what is there
  ///     2                           drains and flushes, which reads the counters
  ///     3 count(1)                  so many events as a program writes them
  ///     4 place(3) count(3)         punches a hole
  ///
  /// - Returns: the number of events in the trace.
  public static func drain(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    guard let first = bytes.first, let trace = try? LiveTrace() else { return 0 }
    var steps = ByteReader(UnsafeRawBufferPointer(rebasing: bytes.dropFirst()))
    let mode = TraceRing.BufferMode(rawValue: UInt32(first & 3)) ?? .discard
    let parameters = BufferSetParameters(
      ringCount: 2, ringBytes: RingLayout.ringBytesMin, mode: mode,
      writerKind: first & 4 == 0 ? .lock : .rseq)
    guard let set = try? BufferSet.create(parameters), let writer = makeWriter(trace) else {
      return 0
    }
    var work = DrainWork(writer: writer)
    work.add(DrainedSet(set, id: 1, firstStream: 0))
    work.admit([1: 1, 2: 2])
    while steps.remaining > 0 { if !step(&steps, set, &work) { break } }
    work.finish()
    let statistics = work.statistics
    precondition(statistics.failure == nil, "the trace cannot be written")
    return statistics.events
  }

  private static func makeWriter(_ trace: LiveTrace) -> TraceWriter? {
    var options = TraceWriter.Options()
    options.fileID = 1
    let session = SessionDescription(
      name: "probe", clock: .counter, ticksPerSecond: 1_000_000_000, start: .now(.counter))
    guard var writer = try? TraceWriter(path: "/dev/null", session: session, options: options)
    else { return nil }
    writer.onBlock = { block in
      do { try trace.feed(block) } catch {
        preconditionFailure("a block is not readable: \(error)")
      }
    }
    let scalars = EventSchema(
      provider: "Probe", id: 1, name: "Numbers",
      fields: [FieldSchema("a", .uint64), FieldSchema("b", .uint16)])
    let texts = EventSchema(
      provider: "Probe", id: 2, name: "Texts",
      fields: [FieldSchema("text", .string), FieldSchema("numbers", .array(.scalar(.uint32)))])
    try? writer.define(ref: 1, schema: scalars)
    try? writer.define(ref: 2, schema: texts)
    for index in 1...2 as ClosedRange<UInt32> {
      writer.define(process: ProcessRecord(index: index, pid: 100 + index))
    }
    return writer
  }

  /// Runs one step; false at the end of the input.
  private static func step(
    _ steps: inout ByteReader, _ set: BufferSet, _ work: inout DrainWork
  ) -> Bool {
    do throws(ByteCodingError) {
      switch try steps.readUInt8() {
      case 0:
        let place = try readPlace(&steps)
        let count: UInt16 = try steps.readFixed()
        set.overwrite(at: place, with: try steps.readBytes(min(Int(count), steps.remaining)))
      case 1: work.drainRings { _ in }
      case 2:
        work.drainRings { _ in }
        work.flush()
      case 3: emit(try steps.readUInt8(), set)
      case 4:
        let place = try readPlace(&steps)
        set.punch(at: place, count: try readPlace(&steps))
      default: break
      }
      return true
    } catch { return false }
  }

  private static func readPlace(_ steps: inout ByteReader) throws(ByteCodingError) -> Int {
    let low: UInt16 = try steps.readFixed()
    return Int(low) | Int(try steps.readUInt8()) << 16
  }

  /// Whether detaching can wait for emitters; otherwise it leaks the memory they use.
  private static let canDetach = trace_rseq_barrier_register() == 0

  /// Emits events as process 1, with the writer for sets with locks, which works for both kinds.
  private static func emit(_ count: UInt8, _ set: BufferSet) {
    guard canDetach, let slot = EmitterSlots.free else { return }
    EmitterSlots.attach(
      set, to: slot, processSlot: 1, wakeDescriptor: -1, blockTimeoutLimit_ns: 0)
    var row = trace_event_row()
    withUnsafeMutableBytes(of: &row.refs) {
      $0.storeBytes(of: 1, toByteOffset: 2 * slot, as: UInt16.self)
    }
    var payload: (UInt64, UInt64) = (7, 8)
    withUnsafeBytes(of: &payload) { payload in
      for _ in 0..<count {
        RingWriter.write(
          row: &row, mask: 1 << UInt8(slot),
          payload: payload.baseAddress!.assumingMemoryBound(to: UInt64.self), words: 2)
      }
    }
    _ = EmitterSlots.detach(slot)
  }
}
