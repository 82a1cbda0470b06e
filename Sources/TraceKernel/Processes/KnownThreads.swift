/// The threads whose events are recorded, for wake-ups by other programs.
///
/// - Guarantee: at most ``limit`` threads; later ones are not known.
/// - Cost: a thread that was noted a short time ago is noted again without a hash.
struct KnownThreads {
  static let limit = 1 << 20
  private static let recentCount = 256

  private var threads: Set<UInt32> = []
  /// Known threads, by their numbers' last bits; 0, the idle thread, is in no set.
  private var recent = [UInt32](repeating: 0, count: recentCount)

  func contains(_ tid: UInt32) -> Bool { threads.contains(tid) }

  mutating func insert(_ tid: UInt32) {
    let place = Int(tid) & (Self.recentCount - 1)
    guard recent[place] != tid, tid != 0, threads.count < Self.limit else { return }
    threads.insert(tid)
    recent[place] = tid
  }

  mutating func remove(_ tid: UInt32) {
    let place = Int(tid) & (Self.recentCount - 1)
    if recent[place] == tid { recent[place] = 0 }
    threads.remove(tid)
  }
}
