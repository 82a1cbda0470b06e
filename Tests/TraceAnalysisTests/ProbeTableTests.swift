import TestSupport
import Testing

@testable import TraceAnalysis

@Suite(.randomized) struct ProbeTableTests {
  /// Keys like stacks' numbers, and like aligned addresses.
  @Test(arguments: [UInt64(1), 8, 16, 4096, 1 << 32])
  func holdsWhatWasPutLast(_ stride: UInt64) {
    let table = ProbeTable<UInt32>(limit: 1 << 20)
    var model: [UInt64: (value: UInt32, until: Int64)] = [:]
    var random = SeededGenerator(stride)
    for number in 0..<40_000 {
      let key = UInt64.random(in: 0..<12_000, using: &random) * stride
      let second = UInt32(key % 3 + 1)
      let until = Int64.random(in: 0..<1000, using: &random)
      table.insert(UInt32(number), key, second, holding: -5...until)
      model[key] = (UInt32(number), until)
    }
    #expect(table.count == model.count)
    let wrong = model.filter { key, known in
      let second = UInt32(key % 3 + 1)
      return table.entry(key, second, at: known.until)?.pointee.value != known.value
        || table.entry(key, second, at: -6) != nil
        || table.entry(key, second, at: known.until + 1) != nil
        || table.entry(key, second + 3, at: 0) != nil
    }
    #expect(wrong.isEmpty)
  }

  @Test func forgetsWhenItIsFullAndGoesOn() {
    let table = ProbeTable<UInt32>(limit: 5000)
    for key in 0..<20_000 as Range<UInt64> {
      table.insert(UInt32(key), key, 1, holding: .always)
      #expect(table.count <= 5000)
      guard table.entry(key, 1, at: 0)?.pointee.value == UInt32(key) else {
        Issue.record("\(key) is not there")
        return
      }
    }
  }
}
