internal import TraceEvents

/// Sizes, marks and limits of trace.etl; SPEC.md defines them.
enum FileLayout {
  static let versionMajor: UInt16 = 1
  static let versionMinor: UInt16 = 0

  /// A non-ASCII byte, a name, and line ends that a text-mode transfer would change.
  static let magic: [UInt8] = [0x89, 0x54, 0x52, 0x43, 0x0d, 0x0a, 0x1a, 0x0a]
  static let fileHeaderBytes = 32
  static let blockHeaderBytes = 48
  /// Little-endian C5 'B' 'L' 'K'.
  static let blockMark: UInt32 = 0x4b4c_42c5
  static let endPayloadBytes = 16

  static let blockEventsMax = 65_536
  /// Maximum size of a payload in the file, for every kind of block except the index.
  static let payloadBytesMax = 32 << 20
  static let indexPayloadBytesMax = 512 << 20
  /// Maximum memory for an event block's sections and the columns decoded from them.
  static let decodedBytesMax = 16 << 20
  /// Size to which a writer fills an event block.
  static let recordBytesMax = 8 << 20
  static let sectionsMax = 65_536
  static let writersPerBlockMax = 65_536
  static let stackFramesMax = 8192
  static let nodesPerBlockMax = 1 << 18
  static let nodesPerEpochMax = 1 << 20
  static let recordsPerBlockMax = 65_536
  static let imagesPerBlockMax = 4096
  static let functionsPerBlockMax = 1 << 18
  static let textsPerBlockMax = 1 << 18
  static let buildIDBytesMax = 64
  static let pathBytesMax = 4096
  /// Maximum number of images and functions, and of bytes of content, in all blocks of symbols
  /// together.
  static let functionsMax = 1 << 20
  static let symbolBytesMax = 128 << 20
  static let textBytesMax = 64 << 10
  static let argumentsMax = 4096
  static let syncsMax = 1 << 21
  /// Maximum number of loss records in all blocks of a file that is read without its index.
  static let lossRecordsMax = 1 << 25
  static let lossTotalsMax = 1 << 17
  static let schemaBytesMax = 4 << 20
  static let metadataBytesMax = 256 << 20
}

enum BlockKind {
  static let metadata: UInt8 = 1
  static let events: UInt8 = 2
  static let stacks: UInt8 = 3
  static let symbols: UInt8 = 4
  static let losses: UInt8 = 5
  static let clock: UInt8 = 6
  static let index: UInt8 = 7
  static let end: UInt8 = 8

  static func name(_ kind: UInt8) -> String {
    switch kind {
    case metadata: "metadata"
    case events: "events"
    case stacks: "stacks"
    case symbols: "symbols"
    case losses: "losses"
    case clock: "clock"
    case index: "index"
    case end: "end"
    default: "kind \(kind)"
    }
  }
}

/// The file's first 32 bytes.
struct FileHeader: Equatable {
  var versionMajor = FileLayout.versionMajor
  var versionMinor = FileLayout.versionMinor
  /// Random identifier, repeated in every block of the file, so that a block of another file is not
  /// mistaken for one of this file.
  var fileID: UInt32

  var bytes: [UInt8] {
    var writer = ByteWriter()
    writer.bytes = FileLayout.magic
    writer.append(fixed: versionMajor)
    writer.append(fixed: versionMinor)
    writer.append(fixed: UInt32(FileLayout.fileHeaderBytes))
    writer.append(fixed: fileID)
    writer.append(fixed: UInt64(0))
    writer.append(fixed: writer.bytes.withUnsafeBytes { checksum($0) })
    return writer.bytes
  }

  init(fileID: UInt32) { self.fileID = fileID }

  /// Returns nil unless the bytes are a complete file header.
  init?(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count >= FileLayout.fileHeaderBytes,
      bytes.prefix(FileLayout.magic.count).elementsEqual(FileLayout.magic),
      checksum(UnsafeRawBufferPointer(rebasing: bytes[0..<28])) == bytes.word32(28)
    else { return nil }
    versionMajor = bytes.word16(8)
    versionMinor = bytes.word16(10)
    fileID = bytes.word32(16)
  }
}

/// The 48 bytes before every block's payload.
struct BlockHeader: Equatable {
  var fileID: UInt32
  var kind: UInt8
  var payloadBytes: Int
  /// Number of events, stacks or records in the block.
  var count: Int
  /// Position of the block in the file: 0, 1, 2 …, modulo 2³².
  var sequence: UInt32
  /// Ticks of the first and last event or record. For stacks: the epoch's first id and the block's
  /// last id.
  var first: UInt64
  var last: UInt64
  var payloadChecksum: UInt32

  func write(to target: UnsafeMutableRawPointer) {
    target.initializeMemory(as: UInt8.self, repeating: 0, count: FileLayout.blockHeaderBytes)
    target.store(word32: FileLayout.blockMark, at: 0)
    target.store(word32: fileID, at: 4)
    target.storeBytes(of: kind, toByteOffset: 8, as: UInt8.self)
    target.store(word32: UInt32(payloadBytes), at: 12)
    target.store(word32: UInt32(count), at: 16)
    target.store(word32: sequence, at: 20)
    target.store(word64: first, at: 24)
    target.store(word64: last, at: 32)
    target.store(word32: payloadChecksum, at: 40)
    let covered = UnsafeRawBufferPointer(start: target, count: 44)
    target.store(word32: checksum(covered), at: 44)
  }

  init(
    fileID: UInt32, kind: UInt8, payloadBytes: Int, count: Int, sequence: UInt32, first: UInt64,
    last: UInt64, payloadChecksum: UInt32
  ) {
    self.fileID = fileID
    self.kind = kind
    self.payloadBytes = payloadBytes
    self.count = count
    self.sequence = sequence
    self.first = first
    self.last = last
    self.payloadChecksum = payloadChecksum
  }

  /// Returns nil unless the bytes are a complete block header of this file.
  init?(_ bytes: UnsafeRawBufferPointer, fileID expectedID: UInt32?) {
    guard bytes.count >= FileLayout.blockHeaderBytes, bytes.word32(0) == FileLayout.blockMark,
      checksum(UnsafeRawBufferPointer(rebasing: bytes[0..<44])) == bytes.word32(44)
    else { return nil }
    fileID = bytes.word32(4)
    if let expectedID, fileID != expectedID { return nil }
    kind = bytes[8]
    payloadBytes = Int(bytes.word32(12))
    count = Int(bytes.word32(16))
    sequence = bytes.word32(20)
    first = bytes.word64(24)
    last = bytes.word64(32)
    payloadChecksum = bytes.word32(40)
  }

  /// The rule that the header's numbers break; nil if they are plausible.
  var brokenRule: FormatRule? {
    let limit =
      kind == BlockKind.index ? FileLayout.indexPayloadBytesMax : FileLayout.payloadBytesMax
    if first > last { return .B2 }
    let isSmall = kind != BlockKind.events || count <= FileLayout.blockEventsMax
    return payloadBytes <= limit && isSmall ? nil : .B3
  }
}
