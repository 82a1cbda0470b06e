import TraceEvents

@testable import TraceFormat

/// A valid trace with one block with any payload and correct checksums: the same as
/// Fuzz/Sources/FuzzFile/SealedTrace.swift, so that the fuzzer's corpus can be run here.
enum SealedTrace {
  static let fieldTypes: [FieldType] =
    [.uint8, .int32, .uint64, .bool, .float, .double, .string, .bytes]

  static func define(in writer: inout TraceWriter) throws {
    for (index, type) in fieldTypes.enumerated() {
      let ref = UInt16(index + 1)
      let fields = [FieldSchema("one", type), FieldSchema("all", .array(type.element))]
      try writer.define(
        ref: ref, schema: EventSchema(provider: "Fuzz", id: ref, name: "E\(ref)", fields: fields))
    }
  }

  /// File header, session and event types, as the writer writes them.
  private static let prefix: [UInt8] = try! Sample.bytes(
    session: Sample.session(.counter), finishing: false
  ) { try define(in: &$0) }
  private static let prefixBlocks = SmallTrace.blocks(prefix).count

  /// The file that the fuzz target creates from an input: see FuzzFile.swift.
  static func bytes(input: [UInt8]) throws -> [UInt8] {
    guard let kind = input.first, kind != 0 else { return Array(input.dropFirst()) }
    let payload = Array(input.dropFirst())
    let wished = payload.count >= 12 ? payload.withUnsafeBytes { Int($0.word32(8) & 0xffff) } : 0
    if kind == BlockKind.stacks {
      // The first id and the number of nodes at the start of an uncompressed payload.
      let first = payload.count >= 10 ? UInt64(max(payload[8] & 0x7f, 1)) : 1
      let count = payload.count >= 10 ? max(payload[9] & 0x7f, 1) : 1
      return try bytes(
        kind: kind, payload: payload, count: Int(count), ticks: 1...(first + UInt64(count) - 1))
    }
    return try bytes(
      kind: kind, payload: payload, count: kind == BlockKind.events ? wished : 1,
      ticks: 0...UInt64.max)
  }

  static func bytes(
    kind: UInt8, payload: [UInt8], count: Int, ticks: ClosedRange<UInt64>
  ) throws -> [UInt8] {
    let header = BlockHeader(
      fileID: 0x1234_5678, kind: kind, payloadBytes: payload.count, count: count,
      sequence: UInt32(prefixBlocks), first: ticks.lowerBound,
      last: ticks.upperBound, payloadChecksum: payload.withUnsafeBytes { checksum($0) })
    var block = [UInt8](repeating: 0, count: FileLayout.blockHeaderBytes) + payload
    block.withUnsafeMutableBytes { header.write(to: $0.baseAddress!) }
    return prefix + block
  }

  /// Calls all functions of a reader.
  static func read(_ bytes: [UInt8]) throws -> TraceFile? {
    guard let file = try? TraceFile(bytes: bytes) else { return nil }
    _ = try Sample.replay(file)
    try file.verify()
    file.forEachStackNodes { nodes in
      for (index, parent) in nodes.parents.enumerated() where parent != StackID.lost.rawValue {
        precondition(parent < nodes.firstID.rawValue + UInt32(index))
      }
    }
    for id in 1...8 as ClosedRange<UInt32> { _ = file.stack(StackID(rawValue: id)) }
    _ = file.symbols
    return file
  }
}
