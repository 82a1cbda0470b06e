import TestSupport
import Testing
import TraceEvents

@testable import TraceFormat

@Suite(.randomized) struct ColumnTests {
  private func encoded(_ values: [UInt64], _ hint: ColumnHint = .integers) -> [UInt8] {
    var encoder = ColumnEncoder()
    var target = GrowingBuffer<UInt8>()
    values.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      encoder.encode(base, count: buffer.count, hint: hint, into: &target)
    }
    return Array(target.rawBytes)
  }

  private func decoded(_ bytes: [UInt8], count: Int) throws -> [UInt64] {
    try bytes.withUnsafeBytes { raw in
      var reader = ByteReader(raw)
      let values = try reader.readColumn(count: count)
      #expect(reader.remaining == 0)
      return values
    }
  }

  private func check(
    _ values: [UInt64], _ encoding: ColumnEncoding, _ hint: ColumnHint = .integers
  ) throws {
    let bytes = encoded(values, hint)
    #expect(bytes.first == encoding.rawValue)
    #expect(try decoded(bytes, count: values.count) == values)
  }

  @Test func anEmptyColumnTakesNothing() throws {
    #expect(encoded([]).isEmpty)
    #expect(try decoded([], count: 0) == [])
  }

  @Test func equalValuesAreConstant() throws {
    try check([7], .constant)
    try check(Array(repeating: .max, count: 100), .constant)
  }

  @Test func evenlySpacedValuesAreArithmetic() throws {
    try check([5, 9], .arithmetic)
    try check((0..<1000).map { 1_000_000 - UInt64($0) * 3 }, .arithmetic)
    // The stride wraps around.
    try check([.max, 0, 1], .arithmetic)
  }

  @Test func smallValuesTakeOnePlane() throws {
    let values = (0..<300).map { UInt64($0 * $0 % 251) }
    try check(values, .planes)
    #expect(encoded(values).count == 2 + 300)
  }

  @Test func smallNegativeValuesStayNarrow() throws {
    let values = (0..<300).map { UInt64(bitPattern: Int64($0 * $0 % 200 - 100)) }
    try check(values, .signedPlanes)
    #expect(encoded(values).count == 2 + 300)
  }

  @Test func climbingValuesAreDeltas() throws {
    var rng = SeededGenerator(1)
    var value: UInt64 = 1 << 50
    let values = (0..<300).map { _ in
      value += UInt64(rng.below(100))
      return value
    }
    try check(values, .deltaPlanes)
  }

  @Test func floatsAreExclusiveOrs() throws {
    let values = (0..<300).map { (Double($0) * 0.1).bitPattern }
    try check(values, .xorPlanes, .floats)
  }

  @Test func fewWideValuesAreAPalette() throws {
    var rng = SeededGenerator(2)
    let addresses = (0..<10).map { _ in rng.next() }
    try check((0..<1000).map { _ in addresses[rng.below(10)] }, .palette)
  }

  @Test func skewedValuesAreVarints() throws {
    try check([1 << 60, 3, .max, 3, 300], .varints, .skewed)
  }

  @Test(arguments: 1...8) func everyWidthRoundTrips(width: Int) throws {
    var rng = SeededGenerator(UInt64(width))
    let mask = UInt64.max >> UInt64(64 - width * 8)
    for count in [1, 2, 3, 7, 8, 9, 63, 64, 65, 500] {
      let values = (0..<count).map { _ in rng.next() & mask }
      #expect(try decoded(encoded(values), count: count) == values)
      #expect(try decoded(encoded(values, .floats), count: count) == values)
      #expect(try decoded(encoded(values, .skewed), count: count) == values)
    }
  }

  @Test(arguments: 0..<200) func randomColumnsRoundTrip(seed: UInt64) throws {
    var rng = SeededGenerator(seed)
    let count = 1 + rng.below(400)
    let shape = rng.below(6)
    var value = rng.next()
    let few = (0..<3).map { _ in rng.next() }
    let values = (0..<count).map { index -> UInt64 in
      switch shape {
      case 0: return rng.next() >> UInt64(rng.below(64))
      case 1: return few[rng.below(3)]
      case 2:
        value = value &+ rng.next() >> 40
        return value
      case 3: return UInt64(bitPattern: Int64(rng.below(1000)) - 500)
      case 4: return [0, .max, 1 << 63, 1][rng.below(4)]
      default: return UInt64(index) &* value
      }
    }
    #expect(try decoded(encoded(values), count: count) == values)
  }

  @Test func nonsenseIsRefused() {
    let nonsense: [[UInt8]] = [
      [], [0], [9, 1], [3], [3, 0], [3, 9, 1, 1], [3, 1, 1], [1], [1, 0x80], [7, 0],
      [7, 1, 5, 0, 1],
      [7, 2, 5, 6, 0, 2], [8, 1], [8, 1, 0x80],
    ]
    for bytes in nonsense {
      #expect(throws: ByteCodingError.self) { try decoded(bytes, count: 2) }
    }
  }
}
