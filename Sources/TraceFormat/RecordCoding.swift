internal import OSStrings
internal import TraceEvents

// Records of metadata blocks: a tag, a length, and the record's fields. SPEC.md, "Metadata".

enum RecordTag {
  static let session: UInt64 = 1
  static let provider: UInt64 = 2
  static let event: UInt64 = 3
  static let process: UInt64 = 4
  static let processEnd: UInt64 = 5
  static let completeness: UInt64 = 8
}

/// The time up to which an unfinished file has all events. A closing index omits the record.
struct CompletenessRecord {
  var ticks: UInt64

  func write(to target: inout GrowingBuffer<UInt8>) {
    var writer = ByteWriter()
    writer.appendRecord(RecordTag.completeness) { $0.append(varint: ticks) }
    writer.bytes.withUnsafeBytes { target.append($0) }
  }
}

extension ByteWriter {
  /// Appends a record; `body` writes its contents.
  mutating func appendRecord(_ tag: UInt64, _ body: (inout ByteWriter) -> Void) {
    var inner = ByteWriter()
    body(&inner)
    append(varint: tag)
    append(varint: UInt64(inner.bytes.count))
    bytes.append(contentsOf: inner.bytes)
  }
}

extension ByteReader {
  /// Reads a number of a metadata record whose width is limited to 32 bits.
  mutating func readVarint32() throws(ByteCodingError) -> UInt32 {
    let value = try readVarint()
    guard let number = UInt32(exactly: value) else { throw broken(.M6, value) }
    return number
  }
}

extension ClockSync {
  fileprivate func write(to writer: inout ByteWriter) {
    writer.append(fixed: ticks)
    writer.append(fixed: monotonicNanoseconds)
    writer.append(fixed: realtimeNanoseconds)
  }

  fileprivate init(from reader: inout ByteReader) throws(ByteCodingError) {
    ticks = try reader.readFixed()
    monotonicNanoseconds = try reader.readFixed()
    realtimeNanoseconds = try reader.readFixed()
  }
}

extension SessionDescription {
  func write(to writer: inout ByteWriter) {
    writer.append(clock.rawValue)
    writer.append(mode.rawValue)
    writer.append(fixed: ticksPerSecond)
    start.write(to: &writer)
    writer.append(varint: UInt64(machine.cpuCount))
    writer.append(varint: UInt64(machine.pageSize))
    for text in [name, machine.hostName, machine.operatingSystem, machine.architecture] {
      writer.append(osString: text.cut(toBytes: SchemaLimits.nameBytes))
    }
  }

  init(from reader: inout ByteReader) throws(ByteCodingError) {
    let clockCode = try reader.readUInt8()
    guard let knownClock = ClockKind(rawValue: clockCode) else {
      throw reader.error(.unknownValue(UInt64(clockCode)))
    }
    clock = knownClock
    // An unknown mode does not affect how the file is read.
    mode = BufferMode(rawValue: try reader.readUInt8()) ?? .discard
    ticksPerSecond = try reader.readFixed()
    start = try ClockSync(from: &reader)
    machine = MachineDescription()
    machine.cpuCount = try reader.readVarint32()
    machine.pageSize = try reader.readVarint32()
    name = try reader.readOSString(limit: SchemaLimits.nameBytes)
    machine.hostName = try reader.readOSString(limit: SchemaLimits.nameBytes)
    machine.operatingSystem = try reader.readOSString(limit: SchemaLimits.nameBytes)
    machine.architecture = try reader.readOSString(limit: SchemaLimits.nameBytes)
  }
}

extension ProcessRecord {
  func write(to writer: inout ByteWriter) {
    for number in [index, pid, parentPID, uid] { writer.append(varint: UInt64(number)) }
    writer.append(varint: startTime)
    writer.append(varint: joinTicks)
    writer.append(osString: executable.cut(toBytes: FileLayout.textBytesMax))
    var room = FileLayout.textBytesMax
    var kept: [String] = []
    for argument in arguments.prefix(FileLayout.argumentsMax) where room > 0 {
      kept.append(argument.cut(toBytes: room))
      room -= argument.osBytes.count
    }
    writer.append(varint: UInt64(kept.count))
    for argument in kept { writer.append(osString: argument) }
  }

  init(from reader: inout ByteReader) throws(ByteCodingError) {
    index = try reader.readVarint32()
    pid = try reader.readVarint32()
    parentPID = try reader.readVarint32()
    uid = try reader.readVarint32()
    startTime = try reader.readVarint()
    joinTicks = try reader.readVarint()
    executable = try reader.readOSString(limit: FileLayout.textBytesMax)
    let count = try reader.readCount(limit: FileLayout.argumentsMax)
    arguments = []
    for _ in 0..<count {
      arguments.append(try reader.readOSString(limit: FileLayout.textBytesMax))
    }
    endTicks = nil
  }
}

extension String {
  /// Returns at most `limit` bytes of UTF-8, cut at a Unicode scalar boundary.
  package func cut(toBytes limit: Int) -> String {
    guard utf8.count > limit else { return self }
    var end = utf8.index(utf8.startIndex, offsetBy: limit)
    while String.Index(end, within: unicodeScalars) == nil { end = utf8.index(before: end) }
    return String(self[..<end])
  }
}
