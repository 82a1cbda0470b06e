internal import OSStrings

/// The rows of a debug record as the file contains them, kept until the code that they belong to is
/// read.
///
/// The record's size is not reliable, because writers pad it, and a row's length depends on its
/// file name: V8 (seen in Node 20) writes the names of user scripts from freed memory, so they may
/// contain NULs. A row therefore ends at the first NUL after which the next row is plausible.
struct JitdumpLineTable: Sendable {
  /// The maximum number of rows; further ones are left out.
  static let rowsMax = 65_536
  /// The maximum distance of a row from its function's start.
  private static let reach: UInt64 = 1 << 28
  private static let paddingMax = 7
  private static let sameFileMark: UInt8 = 0xff

  let address: UInt64
  private(set) var endsEarly = false
  private var addresses: [UInt64] = []
  private var numbers: [UInt32] = []
  /// Empty if the name is unreadable.
  private var files: [String] = []
  /// The possible lengths of unreadable names, by row.
  private var unreadable: [Int: ClosedRange<Int>] = [:]
  /// Names that are not UTF-8, by row; used unless the code's own name contains a file name of that
  /// length.
  private var odd: [Int: String] = [:]

  /// Whether the record's fixed part is consistent with its size.
  static func isPossible(_ bytes: JitdumpBytes, _ prefix: JitdumpPrefix) -> Bool {
    bytes.word64(16) != 0 && bytes.word64(24) <= UInt64(prefix.size - 32) / 17
  }

  /// Reads a record that is completely in the window.
  init(_ bytes: JitdumpBytes, _ prefix: JitdumpPrefix) {
    address = bytes.word64(16)
    let count = Int(bytes.word64(24))
    let end = Int(prefix.size)
    var start = 32
    for row in 0..<min(count, Self.rowsMax) {
      guard let nameEnd = nameEnd(bytes, start, end, isLast: row == count - 1) else {
        endsEarly = true
        return
      }
      append(bytes, start, nameEnd, end, isLast: row == count - 1)
      start = nameEnd + 1
    }
    endsEarly = count > Self.rowsMax
  }

  private func nameEnd(_ bytes: JitdumpBytes, _ start: Int, _ end: Int, isLast: Bool) -> Int? {
    guard start + 16 < end else { return nil }
    var from = start + 16
    while let nul = bytes.firstNUL(in: from..<end) {
      if isLast || isWithinReach(bytes.word64(nul + 1)), nul + 9 <= end || isLast { return nul }
      from = nul + 1
    }
    return nil
  }

  private func isWithinReach(_ row: UInt64) -> Bool { row &- address < Self.reach }

  private mutating func append(
    _ bytes: JitdumpBytes, _ start: Int, _ nameEnd: Int, _ end: Int, isLast: Bool
  ) {
    let number = bytes.word32(start + 8)
    let name = bytes.slice(start + 16..<nameEnd)
    let isWhole = !isLast || end - nameEnd - 1 <= Self.paddingMax
    let isSame = name.count == 1 && name[0] == Self.sameFileMark
    let file = isSame ? files.last ?? "" : isWhole ? text(name) : ""
    var lengths: ClosedRange<Int>?
    var oddName: String?
    if isSame, file.isEmpty {
      (lengths, oddName) = (unreadable[files.count - 1], odd[files.count - 1])
    } else if file.isEmpty {
      let rest = end - start - 17
      lengths = isLast ? max(0, rest - Self.paddingMax)...rest : name.count...name.count
      oddName = isWhole ? Self.oddText(name) : nil
    }
    if file == files.last, number == numbers.last, lengths == unreadable[files.count - 1],
      oddName == odd[files.count - 1]
    {
      return
    }
    if let lengths { unreadable[files.count] = lengths }
    if let oddName { odd[files.count] = oddName }
    addresses.append(bytes.word64(start))
    numbers.append(number)
    files.append(file)
  }

  /// Returns the name as text; empty if it is not UTF-8 or not a plausible file name.
  private func text(_ name: UnsafeRawBufferPointer) -> String {
    // Most rows have the same file as the previous row, and share its string.
    if let last = files.last, last.utf8.elementsEqual(name) { return last }
    guard !name.contains(where: { $0 < 0x20 || $0 == 0x7f }) else { return "" }
    return String(validating: name, as: UTF8.self) ?? ""
  }

  /// Returns a name that is not UTF-8 but may be a file's. Freed memory, as written by V8, begins
  /// with a pointer, which contains zeros.
  private static func oddText(_ name: UnsafeRawBufferPointer) -> String? {
    guard let first = name.first, (0x21...0x7e).contains(first),
      !name.contains(where: { $0 < 0x20 || $0 == 0x7f })
    else { return nil }
    return String(osBytes: name)
  }

  /// Returns the rows within the code, in ascending order, and the number of rows without a
  /// readable file name.
  func lines(
    of load: JitdumpLoad, _ base: inout JitdumpLineBase
  ) -> (lines: JitdumpLines, unreadable: UInt64) {
    let shift = base.shift(for: addresses, of: load)
    var result = JitdumpLines(
      timestamp: load.timestamp, address: load.address, addresses: [], lines: [], files: [])
    var unknown: UInt64 = 0
    for row in addresses.indices.sorted(by: { addresses[$0] < addresses[$1] }) {
      let offset = addresses[row] &- shift &- load.address
      guard offset < load.size else { continue }
      var file = files[row]
      if file.isEmpty, let lengths = unreadable[row] {
        file = Self.file(inName: load.name, ofBytes: lengths) ?? odd[row] ?? ""
        // A row without a name and a line ends the lines before it: Erlang's last.
        if file.isEmpty, numbers[row] != 0 { unknown += 1 }
      }
      result.addresses.append(load.address + offset)
      result.lines.append(numbers[row])
      result.files.append(file)
    }
    return (result, unknown)
  }

  /// V8 names a function "JS:*name FILE:line:column". Returns its file if that has as many bytes as
  /// the unreadable name.
  private static func file(inName name: String, ofBytes lengths: ClosedRange<Int>) -> String? {
    var bytes = name.osBytes
    for _ in 0..<2 {
      guard let colon = bytes.lastIndex(of: UInt8(ascii: ":")), colon + 1 < bytes.count,
        bytes[(colon + 1)...].allSatisfy({ (0x30...0x39).contains($0) })
      else { return nil }
      bytes.removeSubrange(colon...)
    }
    for length in lengths where length > 0 && length < bytes.count {
      let start = bytes.count - length
      if bytes[start - 1] == UInt8(ascii: " ") {
        return String(osBytes: bytes[start...])
      }
    }
    return nil
  }
}

/// Whether the addresses of source lines are relative to the code's start or, as in V8's files for
/// perf, to a preceding ELF header.
struct JitdumpLineBase: Hashable, Sendable {
  private static let elfHeaderBytes: UInt64 = 0x40

  var isMarkedByV8 = false
  private var isProvenZero = false
  private var isProvenShifted = false

  init() {}

  /// The number to subtract from the rows of this function.
  mutating func shift(for rows: [UInt64], of load: JitdumpLoad) -> UInt64 {
    let offsets = rows.map { $0 &- load.address }
    if offsets.contains(where: { $0 < Self.elfHeaderBytes }) {
      isProvenZero = true
    } else if offsets.contains(where: {
      $0 >= load.size && $0 < load.size &+ Self.elfHeaderBytes
    }) {
      isProvenShifted = true
    }
    if isProvenZero { return 0 }
    let looksShifted = offsets.first == Self.elfHeaderBytes
    return isMarkedByV8 || isProvenShifted || looksShifted ? Self.elfHeaderBytes : 0
  }
}
