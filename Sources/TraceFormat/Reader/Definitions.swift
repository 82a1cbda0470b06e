internal import TraceEvents

/// The metadata of a file, collected from its blocks or from the index's copy.
struct Definitions: Equatable {
  private(set) var session: SessionDescription?
  private(set) var schemas: [UInt16: EventSchema] = [:]
  /// Refs in order of definition.
  private(set) var refs: [UInt16] = []
  private(set) var providers: [ProviderSchema] = []
  private var providerPositions: [String: Int] = [:]
  private(set) var processes: [UInt32: ProcessRecord] = [:]
  private var ends: [UInt32: UInt64] = [:]
  /// Latest recorded ticks up to which the rings' events are in the file. For unfinished files.
  private(set) var completeTicks: UInt64?
  /// Size of the records that added information. Repeated records are not counted.
  private var byteCount = 0

  static func == (a: Definitions, b: Definitions) -> Bool {
    a.session == b.session && a.schemas == b.schemas && a.providers == b.providers
      && a.processes == b.processes && a.ends == b.ends
  }

  /// Whether `whole` defines everything that is defined here. Providers and processes may have
  /// changed.
  func isPart(of whole: Definitions) -> Bool {
    (session == nil || session == whole.session)
      && schemas.allSatisfy { whole.schemas[$0.key] == $0.value }
      && providers.allSatisfy { whole.providerPositions[$0.name] != nil }
      && processes.allSatisfy { whole.processes[$0.key]?.pid == $0.value.pid }
  }

  private enum Record {
    case session(SessionDescription)
    case provider(ProviderSchema)
    case event(UInt16, EventSchema)
    case process(ProcessRecord)
    case processEnd(UInt32, UInt64)
    case completeness(UInt64)
  }

  /// Adds the records of a metadata block: all of them, or none if one breaks a rule.
  ///
  /// - Returns: the number of records, and whether the first is a session record.
  @discardableResult
  mutating func absorb(
    _ bytes: UnsafeRawBufferPointer
  ) throws(FormatError) -> (count: Int, beginsWithSession: Bool) {
    var records: [(Record, byteCount: Int)] = []
    var reader = ByteReader(bytes)
    var count = 0
    var beginsWithSession = false
    do throws(ByteCodingError) {
      while reader.remaining > 0 {
        let tag = try reader.readVarint()
        let length = try reader.readVarint()
        guard length <= UInt64(reader.remaining) else { throw reader.error(.endOfBytes) }
        var body = ByteReader(try reader.readBytes(Int(length)))
        if count == 0 { beginsWithSession = tag == RecordTag.session }
        count += 1
        if let record = try Self.read(tag, &body) { records.append((record, Int(length))) }
      }
      try check(records.map(\.0), reader)
    } catch {
      throw .malformed(FormatViolation(error, in: "metadata record"))
    }
    var added = byteCount
    for (record, length) in records where !isKnown(record) { added += length }
    guard added <= FileLayout.metadataBytesMax else {
      throw .malformed(
        FormatViolation(.Z2, "more metadata than \(FileLayout.metadataBytesMax) bytes"))
    }
    byteCount = added
    for (record, _) in records { apply(record) }
    return (count, beginsWithSession)
  }

  private static func read(
    _ tag: UInt64, _ reader: inout ByteReader
  ) throws(ByteCodingError) -> Record? {
    switch tag {
    case RecordTag.session:
      return .session(try SessionDescription(from: &reader))
    case RecordTag.provider:
      return .provider(try ProviderSchema(headingFrom: &reader))
    case RecordTag.event:
      let ref: UInt16 = try reader.readFixed()
      guard ref > 0 else { throw reader.broken(.M3, 0) }
      return .event(ref, try EventSchema(from: &reader))
    case RecordTag.process:
      return .process(try ProcessRecord(from: &reader))
    case RecordTag.processEnd:
      return .processEnd(try reader.readVarint32(), try reader.readVarint())
    case RecordTag.completeness:
      return .completeness(try reader.readVarint())
    default:
      // Skip records of later versions.
      return nil
    }
  }

  /// Checks that the records agree with each other and with the existing definitions. Events were
  /// written under the first definition, so a conflicting one cannot be correct.
  private func check(_ records: [Record], _ reader: ByteReader) throws(ByteCodingError) {
    var session = session
    var own: [UInt16: EventSchema] = [:]
    var pids: [UInt32: UInt32] = [:]
    for record in records {
      switch record {
      case .session(let read):
        guard session == nil || session == read else { throw reader.broken(.M2, 0) }
        session = read
      case .event(let ref, let schema):
        if let known = schemas[ref] ?? own[ref], known != schema {
          throw reader.broken(.M2, UInt64(ref))
        }
        own[ref] = schema
      case .process(let process):
        let known = processes[process.index]?.pid ?? pids[process.index] ?? process.pid
        guard known == process.pid else { throw reader.broken(.M5, UInt64(process.index)) }
        pids[process.index] = process.pid
      case .provider, .processEnd, .completeness:
        break
      }
    }
  }

  private func isKnown(_ record: Record) -> Bool {
    switch record {
    case .session: session != nil
    case .provider(let provider):
      providerPositions[provider.name].map { providers[$0] == provider } ?? false
    case .event(let ref, _): schemas[ref] != nil
    case .process(var process):
      {
        process.endTicks = ends[process.index]
        return processes[process.index] == process
      }()
    case .processEnd(let index, let ticks): ends[index] == ticks
    // Only one number is stored.
    case .completeness: true
    }
  }

  private mutating func apply(_ record: Record) {
    switch record {
    case .session(let read):
      session = read
    case .provider(let provider):
      if let known = providerPositions[provider.name] {
        providers[known].keywords = provider.keywords
      } else {
        providerPositions[provider.name] = providers.count
        providers.append(provider)
      }
    case .event(let ref, let schema):
      if schemas.updateValue(schema, forKey: ref) == nil { refs.append(ref) }
    case .process(var process):
      process.endTicks = ends[process.index]
      processes[process.index] = process
    case .processEnd(let index, let ticks):
      ends[index] = ticks
      processes[index]?.endTicks = ticks
    case .completeness(let ticks):
      completeTicks = max(completeTicks ?? 0, ticks)
    }
  }
}
