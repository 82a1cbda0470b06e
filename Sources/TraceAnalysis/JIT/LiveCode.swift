/// The machine code of a process that is in place, and its amount over time.
struct LiveCode {
  /// Maximum number of pieces and of changes that are kept.
  static let piecesMax = 1 << 20
  static let changesMax = 1 << 21

  /// Sizes by start address.
  private var pieces: [UInt64: UInt32] = [:]
  private(set) var bytes: UInt64 = 0
  /// The amount of code from each time on.
  private(set) var changes: [(time: Int64, bytes: UInt64)] = []
  private(set) var isCut = false

  /// Adds code. Code that was there before is gone, although its end was not reported.
  mutating func add(_ address: UInt64, size: UInt32, at time: Int64) {
    guard pieces.count < Self.piecesMax else {
      isCut = true
      return
    }
    if let former = pieces.updateValue(size, forKey: address) { bytes -= UInt64(former) }
    bytes += UInt64(size)
    note(time)
  }

  /// Removes code, if it is known.
  mutating func remove(_ address: UInt64, at time: Int64) {
    guard let size = pieces.removeValue(forKey: address) else { return }
    bytes -= UInt64(size)
    note(time)
  }

  mutating func move(_ old: UInt64, to new: UInt64, at time: Int64) {
    guard let size = pieces.removeValue(forKey: old) else { return }
    bytes -= UInt64(size)
    add(new, size: size, at: time)
  }

  private mutating func note(_ time: Int64) {
    guard changes.count < Self.changesMax else {
      isCut = true
      return
    }
    changes.append((time, bytes))
  }
}
