import Testing

@testable import TraceJVM

/// What the counters state of a collection, as HotSpot sets them for each collector.
@Suite struct CollectorCountersTests {
  private static let noCause = "No GC"

  /// A machine whose collectors have begun as often as `invocations` when a collection begins, and
  /// one more time each of `begun` when it ends.
  private func collection(
    _ name: String, begun: [Int], cause: String, last: String, version: UInt64 = 17
  ) -> CollectorCounters.Collection? {
    var memory = CounterMemory()
    var counters: [Int] = []
    for number in 0...2 {
      memory.add("sun.gc.collector.\(number).name", text: "\(name) \(number)")
      counters.append(memory.add("sun.gc.collector.\(number).invocations"))
      memory.set(counters[number], value: UInt64(10 * number))
    }
    memory.set(memory.add("sun.rt.jvmVersion"), value: version << 24 | 0xf06)
    memory.add("sun.gc.cause", text: cause)
    memory.add("sun.gc.lastCause", text: last)
    return memory.withBytes { bytes in
      let entries = PerfCounters.entries(in: UnsafeRawBufferPointer(bytes))
      let found = CollectorCounters(entries)
      let before = found.invocations(in: UnsafeRawBufferPointer(bytes))
      #expect(before == [0, 10, 20])
      for number in begun {
        let place = entries.first { $0.name == "sun.gc.collector.\(number).invocations" }!.place
        bytes.storeBytes(of: before[number] + 1, toByteOffset: place, as: UInt64.self)
      }
      return found.collection(since: before, in: UnsafeRawBufferPointer(bytes))
    }
  }

  /// The serial collector restores the cause before the end is notified, G1 after it.
  @Test func causes() {
    let serial = collection("Serial", begun: [0], cause: Self.noCause, last: "Allocation Failure")
    #expect(serial == .init(generation: 0, cause: "Allocation Failure", collector: "Serial 0"))
    let evacuation = collection(
      "G1", begun: [0], cause: "G1 Evacuation Pause", last: Self.noCause)
    #expect(evacuation == .init(generation: 0, cause: "G1 Evacuation Pause", collector: "G1 0"))
  }

  @Test func youngAndThenWhole() {
    let both = collection("Serial", begun: [0, 1], cause: Self.noCause, last: "System.gc()")
    #expect(both == .init(generation: 1, cause: "System.gc()", collector: "Serial 1"))
  }

  /// It is counted before its beginning is notified, and sets no cause; the last one is another's.
  @Test func aStepOfAConcurrentCycle() {
    let step = collection("G1", begun: [], cause: Self.noCause, last: "G1 Evacuation Pause")
    #expect(step == .init(generation: 1, cause: "", collector: "G1 2"))
    let z = collection("Z", begun: [2], cause: "Allocation Stall", last: Self.noCause)
    #expect(z == .init(generation: 1, cause: "Allocation Stall", collector: "Z 2"))
  }

  @Test func parallelWithoutTheYoungGeneration() {
    for (version, cause) in [(17, "Ergonomics"), (25, "Allocation Failure")] as [(UInt64, String)] {
      let whole = collection(
        "Parallel", begun: [1], cause: Self.noCause, last: "Allocation Failure", version: version)
      #expect(whole?.cause == cause)
    }
    let both = collection(
      "Parallel", begun: [0, 1], cause: Self.noCause, last: "Allocation Failure")
    #expect(both?.cause == "Allocation Failure")
  }

  @Test func nothingIsKnown() {
    let none = CollectorCounters([])
    #expect(none.collection(since: [], in: UnsafeRawBufferPointer(start: nil, count: 0)) == nil)
  }
}
