import Testing

@testable import TraceJVM

/// Tests of the counters in HotSpot's memory, which any program of the user can overwrite.
@Suite struct PerfCountersTests {
  /// The layout of `jdk.internal.perf`: a header of 32 bytes, then entries.
  private struct Memory {
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
    mutating func add(_ name: String, type: String = "J", length: Int32 = 0) -> Int {
      let entry = bytes.count
      let data = (20 + name.utf8.count + 1 + 7) / 8 * 8
      bytes += [UInt8](repeating: 0, count: data + 8)
      set(entry, Int32(data + 8))
      set(entry + 4, 20)
      set(entry + 8, length)
      bytes[entry + 12] = Array(type.utf8)[0]
      set(entry + 16, Int32(data))
      bytes.replaceSubrange(entry + 20..<entry + 20 + name.utf8.count, with: Array(name.utf8))
      count += 1
      set(28, count)
      return entry
    }

    func offsets() -> [String: Int] {
      // Aligned like a mapping, and not longer, so that a read beyond the end is detected.
      let room = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 4096)
      defer { room.deallocate() }
      room.copyBytes(from: bytes)
      let memory = UnsafeRawBufferPointer(room)
      let found = PerfCounters.entries(in: memory)
      for entry in found where entry.textBytes > 0 { _ = PerfCounters.text(entry, in: memory) }
      return Dictionary(found.map { ($0.name, $0.place) }) { first, _ in first }
    }
  }

  @Test func countersAreFoundByName() {
    var memory = Memory()
    let first = memory.add("sun.gc.generation.0.space.0.used")
    memory.add("java.property.x", type: "B", length: 16)
    memory.add("java.property.y", type: "I")
    let second = memory.add("sun.gc.generation.1.space.0.used")
    let found = memory.offsets()
    #expect(found.count == 2)
    #expect(found["sun.gc.generation.0.space.0.used"] == first + 56)
    #expect(found["sun.gc.generation.1.space.0.used"] == second + 56)
  }

  @Test func aCutMemoryGivesWhatItHas() {
    var memory = Memory()
    memory.add("a.b")
    let second = memory.add("c.d")
    for end in 0..<memory.bytes.count {
      var cut = memory
      cut.bytes.removeSubrange(end...)
      #expect(cut.offsets().count == (end < second ? 0 : 1))
      #expect(cut.offsets()["c.d"] == nil)
    }
  }

  /// Sets every word of the header and of an entry to boundary values.
  @Test func impossibleWordsNameNoPlaceOutside() {
    var memory = Memory()
    memory.add("a.b")
    memory.add("c.d")
    let edges: [Int32] = [
      .min, -8, -1, 0, 1, 7, 19, 20, 24, 27, 28, 31, 32, 33, 40, 41, 4096, .max - 7, .max,
    ]
    for offset in stride(from: 0, to: memory.bytes.count, by: 4) {
      for value in edges {
        var broken = memory
        broken.set(offset, value)
        for (name, place) in broken.offsets() {
          #expect(place >= 32 && place % 8 == 0, "\(name) \(offset) \(value)")
          #expect(place + 8 <= broken.bytes.count, "\(name) \(offset) \(value)")
        }
      }
    }
  }

  @Test func whatIsNoMemoryOfHotSpotsHasNone() {
    var memory = Memory()
    memory.add("a.b")
    memory.set(0, 0)
    #expect(memory.offsets().isEmpty)
    #expect(PerfCounters.entries(in: UnsafeRawBufferPointer(start: nil, count: 0)).isEmpty)
  }
}
