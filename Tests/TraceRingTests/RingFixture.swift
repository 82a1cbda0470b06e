import CTraceShims
import Glibc
import Testing
import TraceEvents

@testable import TraceRing

/// A session and a process in one: a set attached to a slot, and one enabled event type.
final class RingFixture: @unchecked Sendable {
  let set: BufferSet
  let slot: Int
  let row: UnsafeMutablePointer<trace_event_row>
  var readers: [UnsafeMutablePointer<RingReader>] = []

  static let ref: UInt16 = 7
  static let processSlot: UInt32 = 3

  init(
    mode: BufferMode = .discard, kind: WriterKind, ringBytes: Int = RingLayout.ringBytesMin,
    ringCount: Int = 0, blockTimeoutNanoseconds: UInt64 = 2_000_000_000
  ) throws {
    let rings =
      ringCount > 0 ? ringCount : max(sysconf(Int32(_SC_NPROCESSORS_CONF)), kind == .lock ? 4 : 1)
    let parameters = BufferSetParameters(
      ringCount: rings, ringBytes: ringBytes, mode: mode, writerKind: kind,
      blockTimeoutNanoseconds: blockTimeoutNanoseconds)
    let created = try BufferSet.create(parameters)
    set = created
    slot = try #require(EmitterSlots.free)
    row = .allocate(capacity: 1)
    row.initialize(to: trace_event_row())
    if kind == .rseq { try #require(trace_rseq_barrier_register() == 0) }
    for ring in 0..<rings {
      let reader = UnsafeMutablePointer<RingReader>.allocate(capacity: 1)
      reader.initialize(to: RingReader(created, ring: ring))
      readers.append(reader)
    }
    EmitterSlots.attach(set, to: slot, processSlot: Self.processSlot, wakeDescriptor: -1)
    withUnsafeMutablePointer(to: &row.pointee.refs) {
      $0.withMemoryRebound(to: UInt16.self, capacity: 8) { $0[slot] = Self.ref }
    }
    row.pointee.mask = 1 << UInt8(slot)
  }

  deinit {
    // An emitter may still be in a set that was not detached within a second.
    if !EmitterSlots.detach(slot) { _ = Unmanaged.passRetained(set) }
    for reader in readers {
      reader.deinitialize(count: 1)
      reader.deallocate()
    }
    row.deallocate()
  }

  func write(_ words: [UInt64], flags: UInt64 = 0) {
    words.withUnsafeBufferPointer {
      RingWriter.write(
        row: row, mask: row.pointee.mask, payload: $0.baseAddress ?? UnsafePointer(bitPattern: 8)!,
        words: words.count, flags: flags)
    }
  }

  struct Seen: Equatable {
    var ring: Int
    var ticks: UInt64
    var tid: UInt32
    var words: [UInt64]
  }

  /// All readable records, ring by ring.
  func read() -> [Seen] {
    var result: [Seen] = []
    for (ring, reader) in readers.enumerated() {
      while reader.pointee.hasMore, reader.pointee.advance() {
        while let record = reader.pointee.next() {
          #expect(record.ref == Self.ref)
          #expect(record.writer >> 32 == UInt64(Self.processSlot))
          result.append(
            Seen(
              ring: ring, ticks: record.ticks, tid: UInt32(truncatingIfNeeded: record.writer),
              words: Array(UnsafeBufferPointer(start: record.payload, count: record.payloadWords)))
          )
        }
      }
    }
    return result
  }

  /// Loss counts by cause, after everything was read.
  func notices() -> [RingNotice] {
    readers.flatMap {
      $0.pointee.pollLosses()
      return $0.pointee.takeNotices()
    }
  }
}

extension [RingNotice] {
  func count(_ cause: RingNotice.Cause) -> UInt64 {
    filter { $0.cause == cause }.reduce(0) { $0 + $1.count }
  }

  var total: UInt64 { reduce(0) { $0 + $1.count } }
}

/// Runs `body` on `count` threads at once.
func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
  let threads = (0..<count).map { index in Thread { body(index) } }
  for thread in threads { thread.join() }
}
