import OSStrings

@testable import TraceSymbols

/// A builder of jitdump files, in either byte order.
struct JitdumpFile {
  static let pid: UInt32 = 4711

  var bytes: [UInt8] = []
  let isSwapped: Bool

  init(
    isSwapped: Bool = false, version: UInt32 = 1, headerBytes: UInt32 = 40, pad: UInt32 = 0,
    flags: UInt64 = 0
  ) {
    self.isSwapped = isSwapped
    add(UInt32(0x4a69_5444))
    add(version)
    add(headerBytes)
    add(UInt32(62))
    add(pad)
    add(Self.pid)
    // Microseconds of the wall clock, as written by V8.
    add(UInt64(1_700_000_000_000_000))
    add(flags)
    bytes += [UInt8](repeating: 0xcc, count: max(0, Int(headerBytes) - 40))
  }

  mutating func add<T: FixedWidthInteger>(_ value: T) {
    withUnsafeBytes(of: isSwapped ? value.bigEndian : value.littleEndian) { bytes += $0 }
  }

  /// Adds a record around `body`, and sets its size.
  mutating func record(_ kind: UInt32, at time: UInt64, _ body: (inout JitdumpFile) -> Void) {
    let start = bytes.count
    add(kind)
    add(UInt32(0))
    add(time)
    body(&self)
    let size = UInt32(bytes.count - start)
    withUnsafeBytes(of: isSwapped ? size.bigEndian : size.littleEndian) {
      bytes.replaceSubrange(start + 4..<start + 8, with: $0)
    }
  }

  mutating func load(
    _ name: String, at address: UInt64, size: Int = 32, time: UInt64, index: UInt64 = 0,
    vma: UInt64? = nil, between: [UInt8] = [], pid: UInt32 = JitdumpFile.pid
  ) {
    record(0, at: time) { file in
      file.add(pid)
      file.add(pid + 1)
      for word in [vma ?? address, address, UInt64(size), index] { file.add(word) }
      file.bytes += name.osBytes + [0] + between
      file.bytes += (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7 | 1) }
    }
  }

  /// Adds a load in CPython's layout on macOS.
  mutating func wideLoad(_ name: String, at address: UInt64, size: Int, time: UInt64) {
    record(0, at: time) { file in
      file.add(Self.pid)
      file.add(UInt32(0))
      for word in [77, address, address, UInt64(size), 9] { file.add(word) }
      file.bytes += Array(name.utf8) + [0] + [UInt8](repeating: 0x90, count: size)
    }
  }

  mutating func move(from: UInt64, to: UInt64, size: UInt64, index: UInt64, time: UInt64) {
    record(1, at: time) { file in
      file.add(Self.pid)
      file.add(Self.pid + 1)
      for word in [from, from, to, size, index] { file.add(word) }
    }
  }

  mutating func lines(
    of address: UInt64, _ rows: [(UInt64, UInt32, [UInt8])], time: UInt64, padding: Int = 0
  ) {
    record(2, at: time) { file in
      file.add(address)
      file.add(UInt64(rows.count))
      for (row, line, name) in rows {
        file.add(row)
        file.add(line)
        file.add(UInt32(1))
        file.bytes += name + [0]
      }
      file.bytes += [UInt8](repeating: 0, count: padding)
    }
  }

  mutating func unwinding(_ tables: [UInt8], headerSize: UInt64, mapped: UInt64, time: UInt64) {
    record(4, at: time) { file in
      file.add(UInt64(tables.count))
      file.add(headerSize)
      file.add(mapped)
      file.bytes += tables
    }
  }

  mutating func close(time: UInt64) { record(3, at: time) { _ in } }
}

/// The result of reading a file to its end.
struct JitdumpReading: Equatable {
  var records: [JitdumpRecord] = []
  var warnings: [JitFileWarning] = []
  var header: JitdumpHeader?

  /// Number of bytes passed to the parser.
  var bytesRead = 0
  var windowMax = 0

  var loads: [JitdumpLoad] {
    records.compactMap { if case .load(let load) = $0 { load } else { nil } }
  }
  var names: [String] { loads.map(\.name) }
  var kinds: [JitFileWarning.Kind] { warnings.map(\.kind) }

  static func == (left: Self, right: Self) -> Bool {
    left.records == right.records && left.warnings == right.warnings && left.header == right.header
  }

  init(_ file: JitdumpFile) { self.init(file.bytes) }

  /// Reads in windows of the sizes that `window` returns, but at least the wanted size, while the
  /// file grows to each of `sizes`.
  init(_ bytes: [UInt8], sizes: [Int] = [], window: () -> Int = { 1 << 16 }) {
    var parser = JitdumpParser()
    bytes.withUnsafeBytes { file in
      for size in sizes + [file.count] {
        let visible = UnsafeRawBufferPointer(rebasing: file.prefix(size))
        read(visible, &parser, window)
      }
      var ends = 0
      while parser.end(atSize: UInt64(file.count)) {
        read(file, &parser, window)
        ends += 1
        precondition(ends <= file.count + 8, "it never ends")
      }
    }
    warnings = parser.warnings
    header = parser.header
  }

  private mutating func read(
    _ file: UnsafeRawBufferPointer, _ parser: inout JitdumpParser, _ window: () -> Int
  ) {
    while !parser.isRefused, parser.position <= UInt64(file.count) {
      let start = Int(parser.position)
      let rest = file[start...].prefix(max(parser.wanted, window()))
      guard rest.count >= parser.wanted else { return }
      bytesRead += rest.count
      windowMax = max(windowMax, rest.count)
      parser.parse(UnsafeRawBufferPointer(rebasing: rest)) { records.append($0) }
    }
  }
}
