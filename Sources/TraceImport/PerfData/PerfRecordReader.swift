/// Kinds of records that perf itself writes.
enum PerfFileRecord {
  static let attributes: UInt32 = 64
  static let tracingData: UInt32 = 66
  static let buildID: UInt32 = 67
  static let finishedRound: UInt32 = 68
  static let auxiliaryInfo: UInt32 = 70
  static let auxiliary: UInt32 = 71
  static let eventUpdate: UInt32 = 78
  static let feature: UInt32 = 80
  static let compressed: UInt32 = 81
  static let compressed2: UInt32 = 83
}

/// Reads the records of a perf.data file one after the other, and those inside compressed records.
///
/// - Guarantee: accepts any bytes; reading ends at the first ones that are no record.
final class PerfRecordReader {
  private let source: ImportSource
  private let window: ImportWindow
  private let start: UInt64
  private let end: UInt64
  private var zstd: ZstdStream??
  /// The beginning of a record whose rest is in the next compressed record.
  private var pending: [UInt8] = []
  private var decompressedBytes: UInt64 = 0
  /// What is cut or damaged, as predicates of the file.
  private(set) var damage: [String] = []
  /// Bytes of processor traces that were skipped.
  private(set) var auxiliaryBytes: UInt64 = 0
  /// Data that follows the record that announces it (tracing data).
  var onTracingData: (UnsafeRawBufferPointer) -> Void = { _ in }

  /// More bytes than this many times the file are not decompressed: perf's streams have a twentieth
  /// of that.
  private static let expansionMax: UInt64 = 400
  private static let expansionFree: UInt64 = 16 << 20

  init(_ source: ImportSource, from start: UInt64, to end: UInt64) {
    self.source = source
    self.start = start
    self.end = min(end, source.byteCount)
    window = ImportWindow(source)
  }

  /// Calls `body` with each record: its kind, and its bytes with the header.
  ///
  /// - Parameter body: returns false to stop.
  func read(_ body: (UInt32, UnsafeRawBufferPointer) -> Bool) {
    var offset = start
    while offset < end {
      guard end - offset >= 8, let header = window.bytes(at: offset, count: 8) else {
        damage.append("ends within a record (\(end - offset) bytes of it are there)")
        return
      }
      let size = Int(ForeignBytes(header).word16(6))
      guard size >= 8 else {
        damage.append("has \(end - offset) bytes from byte \(offset) on that are no records")
        return
      }
      guard UInt64(size) <= end - offset, let record = window.bytes(at: offset, count: size) else {
        damage.append("ends within a record (\(end - offset) bytes of it are there)")
        return
      }
      offset += UInt64(size)
      let kind = ForeignBytes(record).word32(0)
      switch kind {
      case PerfFileRecord.compressed: guard expand(record, from: 8, body) else { return }
      case PerfFileRecord.compressed2:
        let size = min(ForeignBytes(record).word64(8), UInt64(max(0, record.count - 16)))
        let part = UnsafeRawBufferPointer(rebasing: record.prefix(16 + Int(size)))
        guard expand(part, from: 16, body) else { return }
      case PerfFileRecord.tracingData: offset += tracingData(record, at: offset)
      case PerfFileRecord.auxiliary:
        let skipped = min(ForeignBytes(record).word64(8), end - min(offset, end))
        auxiliaryBytes += skipped
        offset += skipped
      default: guard body(kind, record) else { return }
      }
    }
    if !pending.isEmpty {
      damage.append("ends within a record (\(pending.count) decompressed bytes of it are there)")
    }
  }

  /// Reads the data after the record; returns its size.
  private func tracingData(_ record: UnsafeRawBufferPointer, at offset: UInt64) -> UInt64 {
    let size = UInt64(ForeignBytes(record).word32(8))
    let padded = (size + 7) & ~7
    guard offset <= end, padded <= end - offset else {
      damage.append("ends within the description of its tracepoints")
      return end - min(offset, end)
    }
    source.bytes(at: offset, count: size, limit: PerfFeatures.bytesMax)
      .withUnsafeBytes(onTracingData)
    return padded
  }

  // MARK: Compressed records

  private func expand(
    _ record: UnsafeRawBufferPointer, from start: Int,
    _ body: (UInt32, UnsafeRawBufferPointer) -> Bool
  ) -> Bool {
    if zstd == nil { zstd = .some(ZstdStream()) }
    guard let zstd = zstd ?? nil else {
      damage.append("is compressed with zstd, whose library (libzstd.so.1) is not installed")
      return false
    }
    var continues = true
    let isWhole = zstd.decompress(UnsafeRawBufferPointer(rebasing: record.dropFirst(start))) {
      continues = take($0, body)
      return continues
    }
    if !isWhole { damage.append("has a compressed part that is damaged; reading ended there") }
    return isWhole && continues
  }

  /// Takes decompressed bytes, which may begin and end within a record.
  private func take(
    _ bytes: UnsafeRawBufferPointer, _ body: (UInt32, UnsafeRawBufferPointer) -> Bool
  ) -> Bool {
    decompressedBytes += UInt64(bytes.count)
    guard decompressedBytes / Self.expansionMax <= source.byteCount + Self.expansionFree else {
      damage.append("has a compressed part that expands without end; reading ended there")
      return false
    }
    pending.append(contentsOf: bytes)
    let (used, continues) = pending.withUnsafeBytes { all in
      var used = 0
      while all.count - used >= 8 {
        let size = Int(ForeignBytes(all).word16(used + 6))
        guard size >= 8 else {
          damage.append("has decompressed bytes that are no records; reading ended there")
          return (all.count, false)
        }
        guard all.count - used >= size else { break }
        let record = UnsafeRawBufferPointer(rebasing: all[used..<used + size])
        used += size
        guard body(ForeignBytes(record).word32(0), record) else { return (used, false) }
      }
      return (used, true)
    }
    pending.removeFirst(used)
    return continues
  }
}
