import CTraceShims
import Glibc
import Testing
import TraceEvents

@testable import TraceProvider
@testable import TraceRing

struct Ping: TraceEvent, Equatable {
  var sequence: UInt64
  var text: String

  static var eventID: UInt16 { 1 }
  static let schema = EventSchema(
    provider: "Fixture", id: eventID, name: "Ping", level: .informational,
    fields: [FieldSchema("sequence", .uint64), FieldSchema("text", .string)])

  init(sequence: UInt64, text: String = "") {
    self.sequence = sequence
    self.text = text
  }

  func encode(into encoder: inout EventEncoder) {
    encoder.encode(sequence)
    encoder.encode(text)
  }

  init(from decoder: inout EventDecoder) {
    sequence = decoder.decode()
    text = decoder.decode()
  }
}

struct Pong: TraceEvent {
  static var eventID: UInt16 { 2 }
  static let schema = EventSchema(provider: "Fixture", id: eventID, name: "Pong", level: .verbose)
  init() {}
  func encode(into encoder: inout EventEncoder) {}
  init(from decoder: inout EventDecoder) {}
}

enum Fixture {
  static let provider = Provider("Fixture") {
    ProviderDescription(events: [Ping.self, Pong.self])
  }

  /// The registry's record of ``provider``.
  static var registered: RegisteredProvider {
    provider.register()
    return Registry.all().first { $0.schema.name == "Fixture" }!
  }
}

/// A session attached as by the control thread, with its readers.
final class AttachedSession {
  let set: BufferSet
  let slot: Int
  private var readers: [UnsafeMutablePointer<RingReader>] = []

  struct Record {
    var ref: UInt16
    var words: [UInt64]
    var ticks: UInt64
    var hasStack: Bool
    var isRundown: Bool
    var tid: UInt32
  }

  init(processSlot: UInt32 = 1) throws {
    let kind: WriterKind = rseqIsUsable ? .rseq : .lock
    let created = try BufferSet.create(
      BufferSetParameters(
        ringCount: max(sysconf(Int32(_SC_NPROCESSORS_CONF)), 4), ringBytes: 1 << 22,
        mode: .discard, writerKind: kind))
    set = created
    slot = try SessionSlots.attach(
      memoryDescriptor: OpenDescriptors.opening { OpenDescriptors.take(dup(created.descriptor)) },
      wakeDescriptor: OpenDescriptors.opening { OpenDescriptors.take(trace_wake_descriptor()) },
      processSlot: processSlot
    ).slot
    for ring in 0..<created.parameters.ringCount {
      let reader = UnsafeMutablePointer<RingReader>.allocate(capacity: 1)
      reader.initialize(to: RingReader(created, ring: ring))
      readers.append(reader)
    }
  }

  deinit {
    SessionSlots.detach(slot: slot)
    for reader in readers {
      reader.deinitialize(count: 1)
      reader.deallocate()
    }
  }

  func enable(_ grants: EventGrant..., filter: EnableFilter = EnableFilter()) {
    SessionSlots.apply(slot: slot, provider: Fixture.registered, filter: filter, grants: grants)
  }

  /// Reads the available records, at most one page per ring, because emitters may continue forever.
  func read() -> [Record] {
    var result: [Record] = []
    for reader in readers {
      if reader.pointee.advance() {
        while let record = reader.pointee.next() {
          result.append(
            Record(
              ref: record.ref,
              words: Array(UnsafeBufferPointer(start: record.payload, count: record.payloadWords)),
              ticks: record.ticks, hasStack: record.hasStack, isRundown: record.isRundown,
              tid: UInt32(truncatingIfNeeded: record.writer)))
        }
      }
    }
    return result.sorted { $0.ticks < $1.ticks }
  }

  func lost() -> UInt64 {
    readers.reduce(0) { total, reader in
      reader.pointee.pollLosses()
      return total + reader.pointee.takeNotices().reduce(0) { $0 + $1.count }
    }
  }
}

extension EventGrant {
  static func ping(_ ref: UInt16 = 10, on: Bool = true, stack: Bool = false) -> EventGrant {
    EventGrant(eventID: 1, ref: ref, isOn: on, captureStack: stack)
  }
  static func pong(_ ref: UInt16 = 11, on: Bool = true) -> EventGrant {
    EventGrant(eventID: 2, ref: ref, isOn: on, captureStack: false)
  }
}
