import Testing
import TraceEvents

@Suite
struct SchemaTests {
  static let schemas =
    (RuntimeSchema.eventTypes + SystemSchema.eventTypes).map { $0.schema } + [Everything.schema]

  @Test(arguments: schemas)
  func binaryFormComesBack(_ schema: EventSchema) throws {
    var writer = ByteWriter()
    schema.write(to: &writer)
    let read = try writer.bytes.withUnsafeBytes { bytes in
      var reader = ByteReader(bytes)
      let result = try EventSchema(from: &reader)
      #expect(reader.remaining == 0)
      return result
    }
    #expect(read == schema)
    #expect(schema.limitViolation == nil)
  }

  /// Readers from before opcodes ignore the last byte; schemas without an opcode do not have it.
  @Test func opcodes() throws {
    var plain = ByteWriter()
    var schema = Everything.schema
    schema.write(to: &plain)
    for opcode in [EventOpcode.start, .stop, EventOpcode(rawValue: 9)] {
      schema.opcode = opcode
      var writer = ByteWriter()
      schema.write(to: &writer)
      #expect(writer.bytes == plain.bytes + [opcode.rawValue])
      let read = try writer.bytes.withUnsafeBytes { bytes in
        var reader = ByteReader(bytes)
        return try EventSchema(from: &reader)
      }
      #expect(read == schema)
    }
  }

  @Test(arguments: schemas)
  func everyTruncationIsAnErrorAndNoByteCrashes(_ schema: EventSchema) {
    var writer = ByteWriter()
    schema.write(to: &writer)
    for length in 0..<writer.bytes.count {
      writer.bytes.withUnsafeBytes { bytes in
        var reader = ByteReader(UnsafeRawBufferPointer(rebasing: bytes[..<length]))
        #expect(throws: ByteCodingError.self) { try EventSchema(from: &reader) }
      }
    }
    for index in writer.bytes.indices {
      var damaged = writer.bytes
      damaged[index] ^= 0xff
      damaged.withUnsafeBytes { bytes in
        var reader = ByteReader(bytes)
        _ = try? EventSchema(from: &reader)
      }
    }
  }

  @Test(arguments: [
    (RuntimeSchema.providerName, RuntimeSchema.eventTypes),
    (SystemSchema.providerName, SystemSchema.eventTypes),
  ])
  func idsAreUniqueAndTypesAgreeWithTheirSchemas(
    _ provider: String, _ types: [any TraceEvent.Type]
  ) {
    #expect(Set(types.map { $0.eventID }).count == types.count)
    for type in types {
      #expect(type.schema.id == type.eventID)
      #expect(type.schema.provider == provider)
      #expect("\(type)" == type.schema.name)
    }
  }

  @Test func systemEventsComeBack() {
    let image = ImageMap(
      baseAddress: 0x5500_0000_0000, size: 8192, fileOffset: 4096, path: "/usr/lib/libc.so.6",
      buildID: [1, 2, 3], device: 0xfe01, inode: 77)
    #expect(decode(ImageMap.self, encode(image).words) == image)
    let lines = CodeLines(
      address: 16, addresses: [16, 24], lines: [3, 0], files: ["a.js", "b.js"], since: 5)
    #expect(decode(CodeLines.self, encode(lines).words) == lines)
    let load = CodeLoad(
      address: 16, size: 32, codeIndex: 7, source: .jitdump, name: "JS:*f a.js:1:2", since: 9)
    #expect(decode(CodeLoad.self, encode(load).words) == load)
    let file = CodeFile(
      path: "/tmp/perf-7.map", source: .perfMap, entries: 3, bytes: 99, problems: ["is torn"])
    #expect(decode(CodeFile.self, encode(file).words) == file)
    let sample = SampledProfile(weight: 1_001_001, source: .cpuClock)
    #expect(decode(SampledProfile.self, encode(sample).words) == sample)
  }

  @Test func runtimeEventsComeBack() {
    let load = MethodLoad(
      methodID: 1, startAddress: 0x7f00_0000_1000, size: 96, tier: .optimizedTier1,
      namespace: "java.util", name: "put", signature: "(I)V")
    #expect(decode(MethodLoad.self, encode(load).words) == load)
    let map = MethodILToNativeMap(
      methodID: 1, startAddress: 5, ilOffsets: [1, 2], nativeOffsets: [3, 4], lines: [9, 9],
      sourceFile: "a.swift")
    #expect(decode(MethodILToNativeMap.self, encode(map).words) == map)
    let stats = GCHeapStats(generationSize0: 7, totalPromotedSize4: 9)
    #expect(decode(GCHeapStats.self, encode(stats).words) == stats)
    let stall = GCAllocationStall(threadID: 7, threadName: "main", duration: 9, until: 99)
    #expect(decode(GCAllocationStall.self, encode(stall).words) == stall)
    let history = GCHistory(count: 7, depth: 1, cause: "Allocation Failure", collector: "Serial")
    #expect(decode(GCHistory.self, encode(history).words) == history)
    let image = ImageLoad(baseAddress: 1, size: 2, path: "/bin/x", buildID: [1, 2, 3])
    #expect(decode(ImageLoad.self, encode(image).words) == image)
    let before = GCHeapBefore(count: 7, size: 1 << 40)
    #expect(decode(GCHeapBefore.self, encode(before).words) == before)
    let enter = ContentionStart(
      contentionFlags: .native, lockID: 9, associatedObjectID: 8, lockOwnerThreadID: 7,
      lockType: "java.lang.Object")
    #expect(decode(ContentionStart.self, encode(enter).words) == enter)
    let entered = ContentionStop(duration: 5, lockID: 9, lockType: "java.lang.Object")
    #expect(decode(ContentionStop.self, encode(entered).words) == entered)
    let owner = ContentionOwner(lockID: 9, ownerThreadID: 7, ownerThreadName: "main")
    #expect(decode(ContentionOwner.self, encode(owner).words) == owner)
    let wait = MonitorWaitStart(lockID: 9, lockType: "A", timeout: 1_000_000)
    #expect(decode(MonitorWaitStart.self, encode(wait).words) == wait)
    let waited = MonitorWaitStop(lockID: 9, lockType: "A", duration: 3, timedOut: true)
    #expect(decode(MonitorWaitStop.self, encode(waited).words) == waited)
  }

  @Test func aSchemaIsReadableWhenTheCommonFieldsAgree() {
    let wanted = ImageLoad.schema
    var older = wanted
    older.fields.removeLast(2)
    #expect(older.isReadable(as: wanted))
    var newer = wanted
    newer.fields.append(FieldSchema("more", .string))
    #expect(newer.isReadable(as: wanted))
    var other = wanted
    other.fields[0].type = .string
    #expect(!other.isReadable(as: wanted))
    other = wanted
    other.id += 1
    #expect(!other.isReadable(as: wanted))
  }

  @Test func providerIDIsTheSameEverywhere() {
    #expect(EventSchema.providerID(forName: "Runtime") == 0x9acd_d548_54c7_41cb)
  }
}

@Suite
struct EnableFilterTests {
  struct Row: CustomTestStringConvertible {
    var filter: EnableFilter
    var level: Level
    var keywords: UInt64
    var isAdmitted: Bool
    var testDescription: String { "\(filter) level \(level.name) keywords \(keywords)" }
  }

  private static func row(
    level: UInt8 = 5, any: UInt64 = 0, all: UInt64 = 0, eventLevel: UInt8 = 4,
    eventKeywords: UInt64, _ isAdmitted: Bool
  ) -> Row {
    Row(
      filter: EnableFilter(
        level: Level(rawValue: level), any: Keywords(rawValue: any), all: Keywords(rawValue: all)),
      level: Level(rawValue: eventLevel), keywords: eventKeywords, isAdmitted: isAdmitted)
  }

  static let rows = [
    row(eventKeywords: 1, true),
    row(level: 4, eventKeywords: 1, true),
    row(level: 3, eventKeywords: 1, false),
    row(level: 0, eventLevel: 200, eventKeywords: 1, true),
    row(level: 255, eventLevel: 255, eventKeywords: 1, true),
    row(level: 1, eventLevel: 0, eventKeywords: 1, true),
    row(any: 2, eventKeywords: 1, false),
    row(any: 3, eventKeywords: 1, true),
    row(any: 2, eventKeywords: 0, true),
    row(any: 2, all: 6, eventKeywords: 2, false),
    row(any: 2, all: 6, eventKeywords: 6, true),
    // `all` is consulted only when `any` is not empty.
    row(any: 0, all: 6, eventKeywords: 1, true),
    row(any: 2, all: 6, eventKeywords: 0, true),
  ]

  @Test(arguments: rows)
  func admitsByETWsRules(_ row: Row) {
    #expect(
      row.filter.admits(level: row.level, keywords: Keywords(rawValue: row.keywords))
        == row.isAdmitted)
  }
}
