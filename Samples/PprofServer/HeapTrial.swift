/// Allocations of known sizes: 8 MB that stay in use, 20 MB that are freed, then some that grow.
enum HeapTrial {
  private final class Kept {
    var blocks: [[UInt8]] = []
  }

  nonisolated(unsafe) private static let kept = Kept()

  static func begin() {
    for _ in 0..<2000 { kept.blocks.append(leaked()) }
    var sum = 0
    for _ in 0..<20_000 { sum += freed().count }
    precondition(sum > 0)
  }

  @inline(never) private static func leaked() -> [UInt8] { [UInt8](repeating: 1, count: 4096) }

  @inline(never) private static func freed() -> [UInt8] { [UInt8](repeating: 1, count: 1000) }

  /// Keeps 64 KB more, up to 65 MB.
  @inline(never) static func growing() {
    if kept.blocks.count < 3000 { kept.blocks.append([UInt8](repeating: 1, count: 65_000)) }
  }
}
