@testable import TraceKernel

/// Builds the bytes of the kernel's records.
struct RecordBytes {
  private(set) var bytes: [UInt8] = []

  /// Two fields of four bytes.
  static func pair(_ low: UInt32, _ high: UInt32) -> UInt64 { UInt64(low) | UInt64(high) << 32 }

  /// A zero-terminated text, padded to whole words.
  static func text(_ text: String) -> [UInt64] {
    var words = [UInt64](repeating: 0, count: text.utf8.count / 8 + 1)
    for (index, byte) in text.utf8.enumerated() {
      words[index / 8] |= UInt64(byte) << UInt64(index % 8 * 8)
    }
    return words
  }

  /// Adds a record with `stamp` at its end: process, thread, time.
  mutating func add(
    _ kind: UInt32, marks: UInt16 = 0, _ words: [UInt64], stamp: (UInt32, UInt32, UInt64)?
  ) {
    var body = words
    if let (pid, tid, time) = stamp { body += [Self.pair(pid, tid), time, 0] }
    let head = UInt64(kind) | UInt64(marks) << 32 | UInt64(8 + body.count * 8) << 48
    for word in [head] + body { append(word) }
  }

  mutating func append(_ word: UInt64) {
    withUnsafeBytes(of: word.littleEndian) { bytes.append(contentsOf: $0) }
  }

  mutating func fork(_ pid: UInt32, _ tid: UInt32, from parent: UInt32, at time: UInt64) {
    add(
      PerfRecordKind.fork, [Self.pair(pid, parent), Self.pair(tid, parent), time],
      stamp: (parent, parent, time))
  }

  mutating func exit(_ pid: UInt32, _ tid: UInt32, from parent: UInt32, at time: UInt64) {
    add(
      PerfRecordKind.exit, [Self.pair(pid, parent), Self.pair(tid, parent), time],
      stamp: (pid, tid, time))
  }

  mutating func name(
    _ pid: UInt32, _ tid: UInt32, _ name: String, isExec: Bool = false, at time: UInt64
  ) {
    add(
      PerfRecordKind.name, marks: isExec ? PerfRecordKind.isExec : 0,
      [Self.pair(pid, tid)] + Self.text(name), stamp: (pid, tid, time))
  }

  mutating func map(
    _ pid: UInt32, _ path: String, start: UInt64, size: UInt64, buildID: [UInt64]? = nil,
    at time: UInt64
  ) {
    add(
      PerfRecordKind.map, marks: buildID == nil ? 0 : PerfRecordKind.hasBuildID,
      [Self.pair(pid, pid), start, size, 0] + (buildID ?? [Self.pair(8, 1), 77, 1])
        + [Self.pair(5, 2)] + Self.text(path), stamp: (pid, pid, time))
  }

  mutating func sample(_ pid: UInt32, _ tid: UInt32, _ stack: [UInt64], at time: UInt64) {
    let user = UInt64(bitPattern: -512)
    add(
      PerfRecordKind.sample,
      [stack[0], Self.pair(pid, tid), time, 0, 1_000_000, UInt64(stack.count + 1), user] + stack,
      stamp: nil)
  }
}
