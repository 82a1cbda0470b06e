/// The machine code of a process that is in place, and its amount over time.
struct LiveCode {
  /// Maximum number of pieces at a time, and of changes in all.
  private let piecesMax: Int
  static let changesMax = 1 << 21

  /// A piece of code.
  struct Piece {
    var method: UInt64
    var version: UInt64
    var size: UInt32
    /// Whether only a rundown has reported it.
    var isBefore: Bool
  }

  /// By start address.
  private var pieces: [UInt64: Piece] = [:]
  private(set) var bytes: UInt64 = 0
  /// The amount of code from each time on.
  private(set) var changes: [(time: Int64, bytes: UInt64)] = []
  private(set) var isCut = false

  init(piecesMax: Int = 1 << 20) { self.piecesMax = piecesMax }

  /// Adds code. Code that was there before is gone, although its end was not reported.
  mutating func add(_ address: UInt64, _ piece: Piece, at time: Int64) {
    guard pieces.count < piecesMax || pieces[address] != nil else {
      isCut = true
      return
    }
    if let former = pieces.updateValue(piece, forKey: address) { bytes -= UInt64(former.size) }
    bytes += UInt64(piece.size)
    note(time)
  }

  /// Returns the piece at an address if it is this version of the method.
  func piece(at address: UInt64, _ method: UInt64, version: UInt64) -> Piece? {
    pieces[address].flatMap { $0.method == method && $0.version == version ? $0 : nil }
  }

  /// Removes code, if it is known.
  mutating func remove(_ address: UInt64, at time: Int64) {
    guard let piece = pieces.removeValue(forKey: address) else { return }
    bytes -= UInt64(piece.size)
    note(time)
  }

  mutating func move(_ old: UInt64, to new: UInt64, at time: Int64) {
    guard let piece = pieces.removeValue(forKey: old) else { return }
    bytes -= UInt64(piece.size)
    add(new, piece, at: time)
  }

  private mutating func note(_ time: Int64) {
    guard changes.count < Self.changesMax else {
      isCut = true
      return
    }
    changes.append((time, bytes))
  }
}
