@testable import TraceJVM

/// The layout of `jdk.internal.perf`: a header of 32 bytes, then entries.
struct CounterMemory {
  var bytes = [UInt8](repeating: 0, count: 32)
  var count: Int32 = 0

  init() {
    set(0, Int32(bitPattern: 0xC0C0_FECA))
    set(24, 32)
  }

  mutating func set(_ offset: Int, _ value: Int32) {
    withUnsafeBytes(of: value) { bytes.replaceSubrange(offset..<offset + 4, with: $0) }
  }

  /// Adds an entry; returns its offset.
  @discardableResult
  mutating func add(
    _ name: String, type: String = "J", length: Int32 = 0, room: Int = 8
  ) -> Int {
    let entry = bytes.count
    let data = (20 + name.utf8.count + 1 + 7) / 8 * 8
    bytes += [UInt8](repeating: 0, count: data + room)
    set(entry, Int32(data + room))
    set(entry + 4, 20)
    set(entry + 8, length)
    bytes[entry + 12] = Array(type.utf8)[0]
    set(entry + 16, Int32(data))
    bytes.replaceSubrange(entry + 20..<entry + 20 + name.utf8.count, with: Array(name.utf8))
    count += 1
    set(28, count)
    return entry
  }

  /// Sets a counter, or the bytes of a text.
  mutating func set(_ entry: Int, value: UInt64) {
    let place = entry + Int(word(entry + 16))
    withUnsafeBytes(of: value) { bytes.replaceSubrange(place..<place + 8, with: $0) }
  }

  /// Adds a text of up to 31 bytes; returns its offset.
  @discardableResult
  mutating func add(_ name: String, text: String) -> Int {
    let entry = add(name, type: "B", length: 32, room: 32)
    set(entry, text: text)
    return entry
  }

  mutating func set(_ entry: Int, text: String) {
    let place = entry + Int(word(entry + 16))
    let padded = Array(text.utf8) + [UInt8](repeating: 0, count: 32 - text.utf8.count)
    bytes.replaceSubrange(place..<place + 32, with: padded)
  }

  private func word(_ offset: Int) -> Int32 {
    bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: Int32.self) }
  }

  /// Passes the memory, aligned like a mapping and not longer, so that a read beyond the end is
  /// detected.
  func withBytes<R>(_ body: (UnsafeMutableRawBufferPointer) -> R) -> R {
    let room = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 4096)
    defer { room.deallocate() }
    room.copyBytes(from: bytes)
    return body(room)
  }

  /// The place of each counter and text.
  func offsets() -> [String: Int] {
    withBytes { room in
      let memory = UnsafeRawBufferPointer(room)
      let found = PerfCounters.entries(in: memory)
      for entry in found where entry.textBytes > 0 { _ = PerfCounters.text(entry, in: memory) }
      return Dictionary(found.map { ($0.name, $0.place) }) { first, _ in first }
    }
  }
}
