/// The memory for machine code. Methods get ranges, and are evicted if there is no free one.
///
/// Eviction uses the clock algorithm: idle methods in sequence are evicted, so that adjacent ranges
/// become free together and large methods fit, too. Methods with frames on the stack are kept.
struct CodeCache {
  let byteCount: Int
  /// The methods in order of address.
  private(set) var methods: [CompiledMethod] = []
  private var hand = 0

  static let alignment = 16

  init(byteCount: Int) { self.byteCount = byteCount }

  /// A free range, without eviction.
  func place(for size: Int) -> Range<Int>? {
    var start = 0
    for method in methods {
      if method.range.lowerBound - start >= size { return start..<start + size }
      start = method.range.upperBound
    }
    return byteCount - start >= size ? start..<start + size : nil
  }

  /// Evicts idle methods through `evict` until there is a free range; nil if there is still none.
  mutating func makePlace(
    for size: Int, evict: (CompiledMethod) -> Void
  ) -> Range<Int>? {
    for _ in 0..<methods.count * 2 {
      if methods.isEmpty { break }
      let index = methods.firstIndex { $0.range.lowerBound >= hand } ?? 0
      let method = methods[index]
      hand = method.range.upperBound
      guard !method.isActive else { continue }
      methods.remove(at: index)
      evict(method)
      if let gap = gap(at: index), gap.count >= size {
        return gap.lowerBound..<gap.lowerBound + size
      }
    }
    return place(for: size)
  }

  /// The free space before the method with this index.
  private func gap(at index: Int) -> Range<Int>? {
    let start = index == 0 ? 0 : methods[index - 1].range.upperBound
    let end = index == methods.count ? byteCount : methods[index].range.lowerBound
    return start..<end
  }

  mutating func insert(_ method: CompiledMethod) {
    let index = methods.firstIndex { $0.range.lowerBound > method.range.lowerBound }
    methods.insert(method, at: index ?? methods.count)
  }

  mutating func removeAll(where isGone: (CompiledMethod) -> Bool) {
    methods.removeAll(where: isGone)
  }

  /// Calls `move` for each idle method that can be moved to a lower address, in order of address.
  func compact(_ move: (CompiledMethod, Int) -> Void) {
    var start = 0
    for method in methods {
      if !method.isActive, method.range.lowerBound > start { move(method, start) }
      start = method.range.upperBound
    }
  }
}
