internal import TraceEvents
internal import TraceFormat

/// Translates the events of universal traces (one-collect): processes, mappings, symbols and CPU
/// samples of a machine.
struct NetUniversal {
  enum Kind {
    case process, mapping, symbol, sample
  }

  /// A mapping's process, by the mapping's number.
  private var owners: [UInt64: UInt32] = [:]

  private static let ownersMax = 1 << 18
  /// One sample for each millisecond of each CPU, if the file states no interval.
  private static let usualInterval_ns: UInt64 = 1_000_000

  /// What events of a kind become; nil if they are like others.
  static func kind(_ metadata: NetMetadata, _ name: String) -> Kind? {
    switch (metadata.provider, name) {
    case ("Universal.System", "ProcessCreate"): .process
    case ("Universal.System", "ProcessMapping"): .mapping
    case ("Universal.System", "ProcessSymbol"): .symbol
    case ("Universal.Events", "cpu"): .sample
    default: nil
    }
  }

  /// Writes an event as what it means. Returns false if it remains an event of its own.
  mutating func write(
    _ kind: Kind, _ fields: NetPlan.Fields, _ record: RecordHeader, _ stack: [UInt64],
    _ sink: NetSink, interval_ns: UInt64
  ) -> Bool {
    switch kind {
    case .process:
      let name = fields.text("Name")
      guard !name.isEmpty, let pid = sink.pid(of: record.process) else { return false }
      sink.describe(process: record.process, pid: pid, [name])
      return false
    case .mapping: return writeMapping(fields, record, sink)
    case .symbol:
      let (start, end) = (fields.number("StartAddress") ?? 0, fields.number("EndAddress") ?? 0)
      guard let owner = owners[fields.number("MappingId") ?? .max], end > start else {
        return false
      }
      var header = record
      header.process = owner
      header.flags = .rundown
      sink.write(
        SymbolLoad(address: start, size: end - start, name: fields.text("Name")), header)
      return true
    case .sample:
      let interval = interval_ns == 0 ? Self.usualInterval_ns : interval_ns
      let value = min(fields.number("Value") ?? 1, 1 << 32)
      let weight = value.multipliedReportingOverflow(by: interval)
      guard !weight.overflow else { return false }
      sink.write(SampledProfile(weight: weight.partialValue, source: .cpuClock), record, stack)
      return true
    }
  }

  private mutating func writeMapping(
    _ fields: NetPlan.Fields, _ record: RecordHeader, _ sink: NetSink
  ) -> Bool {
    let (start, end) = (fields.number("StartAddress") ?? 0, fields.number("EndAddress") ?? 0)
    guard let pid = fields.number("ProcessId").flatMap(UInt32.init(exactly:)), pid != 0, end > start
    else { return false }
    var header = record
    header.process = sink.process(pid)
    header.flags = .rundown
    if owners.count < Self.ownersMax, let id = fields.number("Id") { owners[id] = header.process }
    sink.write(
      ImageMap(
        baseAddress: start, size: end - start, fileOffset: fields.number("FileOffset") ?? 0,
        path: fields.text("FileName")), header)
    return true
  }
}

extension NetPlan {
  /// The values of an event's fields by name.
  struct Fields {
    let plan: NetPlan
    let slots: NetSlots
    let payload: UnsafeRawBufferPointer

    func number(_ name: String) -> UInt64? {
      guard let index = plan.layout.firstIndex(where: { $0.name == name }) else { return nil }
      let bytes = slots.bytes(index, payload)
      guard plan.layout[index].type == .varint else { return plan.number(name, slots, payload) }
      var cursor = NetCursor(bytes)
      return bytes.isEmpty ? nil : cursor.varint()
    }

    func text(_ name: String) -> String {
      guard let index = plan.layout.firstIndex(where: { $0.name == name }) else { return "" }
      return String(decoding: slots.bytes(index, payload), as: UTF8.self).cut(toBytes: 4096)
    }
  }
}
