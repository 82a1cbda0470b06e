internal import OSStrings

// Finding the next record where the bytes are damaged: torn by a crash, or by writers that append
// to one file at the same time.

extension JitdumpParser {
  /// Longer names are not plausible for a record found by scanning.
  private static let scannedNameBytesMax = 1024
  /// The maximum time between adjacent records: a month in nanoseconds.
  private static let timeSpan: UInt64 = 30 * 86_400 * 1_000_000_000

  /// There is no record at ``position``, so the previous one may have been torn. Scans the bytes
  /// between the two.
  mutating func startScanning() {
    scanOrigin = position
    phase = .scanning
    if !rewind() { advance(to: position &+ 1) }
  }

  /// Goes back to the end of the last record's prefix.
  private mutating func rewind() -> Bool {
    guard let lastStart, rewinds < Self.rewindsMax else { return false }
    rewinds += 1
    self.lastStart = nil
    advance(to: lastStart &+ UInt64(JitdumpPrefix.byteCount))
    return true
  }

  /// The file has ended: records the missing bytes, and scans the partial last record.
  mutating func endsWithinRecord(_ size: UInt64) -> Bool {
    guard position != size else { return false }
    let missing = position > size ? position - size : max(UInt64(wanted), size - position)
    found.note(
      .truncated, at: position > size ? lastStart ?? size : position,
      amount: position > size ? missing : missing - (size - position))
    phase = .scanning
    scanOrigin = nil
    if position > size {
      guard rewind() else {
        position = size
        return false
      }
    } else {
      advance(to: position &+ 1)
    }
    return true
  }

  mutating func scan(_ bytes: JitdumpBytes) {
    var offset = 0
    while offset &+ JitdumpPrefix.byteCount <= bytes.count {
      switch plausibility(bytes, at: offset) {
      case .no: offset += 1
      case .needs(let count):
        position &+= UInt64(offset)
        wanted = count
        return
      case .yes:
        noteScanned(upTo: position &+ UInt64(offset))
        phase = .records
        advance(to: position &+ UInt64(offset))
        return
      }
    }
    advance(to: position &+ UInt64(offset))
  }

  private mutating func noteScanned(upTo end: UInt64) {
    guard let origin = scanOrigin else { return }
    if end > origin {
      found.note(.damage, at: origin, amount: end - origin)
    } else {
      found.note(.interleaved, at: end)
    }
  }

  private enum Plausibility {
    case yes
    case no
    /// A record cannot be recognized from fewer bytes.
    case needs(Int)
  }

  /// Stricter than the check of a record at its expected position: every field that can be checked
  /// is.
  private func plausibility(_ bytes: JitdumpBytes, at start: Int) -> Plausibility {
    let prefix = bytes.prefix(at: start)
    // Loads and moves are recognized by their process, and may have any time, so that one wrong
    // time does not make all other records implausible.
    guard prefix.kind <= JitdumpPrefix.Kind.unwinding, prefix.isPossible,
      prefix.kind <= JitdumpPrefix.Kind.move || isPlausible(time: prefix.timestamp)
    else { return .no }
    guard start + prefix.fixedBytes <= bytes.count else { return .needs(prefix.fixedBytes) }
    let fields = JitdumpBytes(
      bytes: UnsafeRawBufferPointer(rebasing: bytes.bytes[start...]), isSwapped: isSwapped)
    switch prefix.kind {
    case JitdumpPrefix.Kind.load: return plausibility(load: fields, prefix)
    case JitdumpPrefix.Kind.move:
      return fields.word32(16) == writerPID && move(fields, prefix) != nil ? .yes : .no
    case JitdumpPrefix.Kind.debug: return JitdumpLineTable.isPossible(fields, prefix) ? .yes : .no
    case JitdumpPrefix.Kind.close: return prefix.size == 16 ? .yes : .no
    default:
      let tables = unwinding(fields, prefix)
      return tables.size > 0 && tables.headerSize <= tables.size && tables.mappedSize <= tables.size
        ? .yes : .no
    }
  }

  func isPlausible(time: UInt64) -> Bool {
    guard let last = lastTimestamp, last != 0 else { return time < 1 << 62 }
    return (time > last ? time - last : last - time) <= Self.timeSpan
  }

  private func plausibility(load fields: JitdumpBytes, _ prefix: JitdumpPrefix) -> Plausibility {
    guard writerPID == nil || fields.word32(16) == writerPID else { return .no }
    switch load(fields, prefix) {
    case .load(let load):
      let isShort = load.name.osBytes.count <= Self.scannedNameBytesMax
      return isShort && Self.isText(load.name) ? .yes : .no
    case .needs(let count) where count <= 72 + Self.scannedNameBytesMax: return .needs(count)
    default: return .no
    }
  }
}
