/// Pseudo-random numbers seeded by the input, so that the fuzzer's findings are reproducible.
struct ProbeRandom {
  private var state: UInt64 = 0xcbf2_9ce4_8422_2325

  init(_ bytes: UnsafeRawBufferPointer) {
    for byte in bytes { state = (state ^ UInt64(byte)) &* 0x100_0000_01b3 }
  }

  mutating func next(in range: ClosedRange<Int>) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return range.lowerBound + Int(state >> 33) % range.count
  }
}
