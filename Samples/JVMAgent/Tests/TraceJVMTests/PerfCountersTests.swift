import Testing

@testable import TraceJVM

/// Tests of the counters in HotSpot's memory, which any program of the user can overwrite.
@Suite struct PerfCountersTests {
  @Test func countersAreFoundByName() {
    var memory = CounterMemory()
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
    var memory = CounterMemory()
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
    var memory = CounterMemory()
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
    var memory = CounterMemory()
    memory.add("a.b")
    memory.set(0, 0)
    #expect(memory.offsets().isEmpty)
    #expect(PerfCounters.entries(in: UnsafeRawBufferPointer(start: nil, count: 0)).isEmpty)
  }
}
