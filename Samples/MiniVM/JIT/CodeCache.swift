/// Room for machine code: places are given to methods, and taken from them when there is no other.
///
/// The hand goes round as on a clock: what it finds idle goes, so that neighbours go together and
/// large methods find room too. Methods with frames on the stack stay.
struct CodeCache {
  let byteCount: Int
  /// In order of address.
  private(set) var methods: [CompiledMethod] = []
  private var hand = 0

  static let alignment = 16

  init(byteCount: Int) { self.byteCount = byteCount }

  /// A place that is free as it is.
  func place(for size: Int) -> Range<Int>? {
    var start = 0
    for method in methods {
      if method.range.lowerBound - start >= size { return start..<start + size }
      start = method.range.upperBound
    }
    return byteCount - start >= size ? start..<start + size : nil
  }

  /// Takes idle methods away by `evict` until there is a place; nil if there is none even then.
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

  /// For each idle method that could lie lower, in order of address: `move` it there.
  func compact(_ move: (CompiledMethod, Int) -> Void) {
    var start = 0
    for method in methods {
      if !method.isActive, method.range.lowerBound > start { move(method, start) }
      start = method.range.upperBound
    }
  }
}
