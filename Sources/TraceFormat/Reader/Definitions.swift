internal import TraceEvents

/// What a file's metadata defines, gathered from its blocks or from the index's copy of them.
struct Definitions {
  private(set) var session: SessionDescription?
  private(set) var schemas: [UInt16: EventSchema] = [:]
  /// Refs in the order of their definition.
  private(set) var refs: [UInt16] = []
  private(set) var providers: [ProviderSchema] = []
  private(set) var processes: [UInt32: ProcessRecord] = [:]
  private var ends: [UInt32: UInt64] = [:]
  private var byteCount = 0

  /// Takes in a metadata block's records. Definitions may be told again; a different schema for the
  /// same reference is refused, because events were written with the first one.
  mutating func absorb(_ bytes: UnsafeRawBufferPointer) throws(FormatError) {
    byteCount += bytes.count
    guard byteCount <= FileLayout.metadataBytesMax else {
      throw .malformed(
        FormatViolation(what: "more metadata than \(FileLayout.metadataBytesMax) bytes", offset: 0))
    }
    var reader = ByteReader(bytes)
    do throws(ByteCodingError) {
      while reader.remaining > 0 {
        let tag = try reader.readVarint()
        let length = try reader.readCount(limit: reader.remaining)
        var body = ByteReader(try reader.readBytes(length))
        try absorb(tag, &body)
      }
    } catch {
      throw .malformed(FormatViolation(error, in: "metadata record"))
    }
  }

  private mutating func absorb(
    _ tag: UInt64, _ reader: inout ByteReader
  ) throws(ByteCodingError) {
    switch tag {
    case RecordTag.session:
      let read = try SessionDescription(from: &reader)
      if session == nil { session = read }
    case RecordTag.provider:
      let provider = try ProviderSchema(headingFrom: &reader)
      if let known = providers.firstIndex(where: { $0.name == provider.name }) {
        providers[known].keywords = provider.keywords
      } else {
        providers.append(provider)
      }
    case RecordTag.event:
      let ref: UInt16 = try reader.readFixed()
      let schema = try EventSchema(from: &reader)
      if let known = schemas[ref] {
        guard known == schema else { throw reader.error(.unknownValue(UInt64(ref))) }
      } else {
        schemas[ref] = schema
        refs.append(ref)
      }
    case RecordTag.process:
      var process = try ProcessRecord(from: &reader)
      process.endTicks = ends[process.index]
      processes[process.index] = process
    case RecordTag.processEnd:
      let index = try reader.readVarint32()
      let ticks = try reader.readVarint()
      ends[index] = ticks
      processes[index]?.endTicks = ticks
    default:
      // A later version's record: skipped.
      break
    }
  }
}
