internal import OSStrings

// The fields of the records, but for source lines.

extension JitdumpParser {
  enum LoadReading {
    case load(JitdumpLoad)
    /// The name is longer than the window.
    case needs(Int)
    /// The record's fields contradict its size.
    case torn
    /// Written by a forked child, or torn.
    case ofAnotherProcess(JitdumpLoad)
    /// The record is whole, but such code is impossible.
    case nonsense
  }

  /// The positions of a load's fields.
  private struct LoadLayout {
    /// The position of the first of code_addr, code_size, code_index.
    var address: Int
    var name: Int
    /// The upper bound of the name's end: the start of the code, or the end of the record.
    var nameEnd: Int
  }

  /// Reads a load whose fixed part is completely in the window.
  func load(_ bytes: JitdumpBytes, _ prefix: JitdumpPrefix) -> LoadReading {
    guard let layout = layout(ofLoad: bytes, prefix) else {
      // A record without code is short. For other records, the fixed part suffices to detect a torn
      // one.
      let size = Int(prefix.size)
      let head = min(size, 64)
      let needed = bytes.count < head || size > 64 + Self.nameBytesMax ? head : size
      return bytes.count < needed ? .needs(needed) : .torn
    }
    let limit = min(layout.nameEnd, layout.name + Self.nameBytesMax)
    let end: Int
    if let nul = bytes.firstNUL(in: layout.name..<limit) {
      end = nul
    } else if bytes.count < limit {
      return .needs(max(bytes.count, layout.name) + 1)
    } else {
      end = limit
    }
    let load = JitdumpLoad(
      timestamp: prefix.timestamp, pid: bytes.word32(16),
      tid: layout.name == 64 ? bytes.word32(24) : bytes.word32(20),
      address: bytes.word64(layout.address), size: bytes.word64(layout.address + 8),
      codeIndex: bytes.word64(layout.address + 16),
      name: String(osBytes: bytes.slice(layout.name..<end)))
    let isSane =
      load.size > 0 && load.size <= UInt64(Self.loadBytesMax)
      && !load.address.addingReportingOverflow(load.size).overflow
    if let writerPID, load.pid != writerPID {
      return Self.isText(load.name) && isSane && load.pid != 0 ? .ofAnotherProcess(load) : .torn
    }
    return isSane ? .load(load) : .nonsense
  }

  static func isText(_ name: String) -> Bool {
    !name.isEmpty && !name.utf8.contains { $0 < 0x20 || $0 == 0x7f }
  }

  private func layout(ofLoad bytes: JitdumpBytes, _ prefix: JitdumpPrefix) -> LoadLayout? {
    let size = Int(prefix.size)
    let code = bytes.word64(40)
    // The code is at the end of a record; other data may be between it and the name.
    if code <= UInt64(size - 56) {
      return LoadLayout(address: 32, name: 56, nameEnd: size - Int(code))
    }
    // For part of a record, the two other cases cannot be distinguished.
    guard bytes.count >= min(size, 64) else { return nil }
    // CPython on macOS writes an aligned 64-bit thread id. Its two addresses are always equal.
    let wideCode = bytes.word64(48)
    if size >= 64, bytes.word64(32) == bytes.word64(40), wideCode <= UInt64(size - 64) {
      return LoadLayout(address: 40, name: 64, nameEnd: size - Int(wideCode))
    }
    // The JVM's perf agent announces code without its bytes; the rest of such a record is the name.
    if let nul = bytes.firstNUL(in: 56..<size), size - nul <= 8 {
      return LoadLayout(address: 32, name: 56, nameEnd: size)
    }
    return nil
  }

  /// Nil if such a move is impossible.
  func move(_ bytes: JitdumpBytes, _ prefix: JitdumpPrefix) -> JitdumpMove? {
    let move = JitdumpMove(
      timestamp: prefix.timestamp, pid: bytes.word32(16), tid: bytes.word32(20),
      oldAddress: bytes.word64(32), newAddress: bytes.word64(40), size: bytes.word64(48),
      codeIndex: bytes.word64(56))
    let ends = [move.oldAddress, move.newAddress].map {
      $0.addingReportingOverflow(move.size).overflow
    }
    return move.size > 0 && !ends.contains(true) ? move : nil
  }

  func unwinding(_ bytes: JitdumpBytes, _ prefix: JitdumpPrefix) -> JitdumpUnwinding {
    JitdumpUnwinding(
      timestamp: prefix.timestamp, fileOffset: position &+ UInt64(prefix.fixedBytes),
      size: min(bytes.word64(16), UInt64(prefix.size) - UInt64(prefix.fixedBytes)),
      headerSize: bytes.word64(24), mappedSize: bytes.word64(32))
  }
}
