import TraceRing

/// Limits the memory of a session's buffers: in total, and for the processes of one user.
///
/// A new process gets at most half of the memory left for its user and the session, so that
/// something remains for the next one. Later processes get smaller rings; processes for which not
/// even the smallest rings fit share one set.
struct BufferBudget {
  let bytesMax: Int
  private let ownUser: UInt32
  private let bytesPerUser: Int
  private(set) var bytesUsed = 0
  private var usedByUser: [UInt32: Int] = [:]

  /// Allows half of `memoryMax`, or four sets of the requested size if that is more.
  init(setBytes: Int, ownUser: UInt32, memoryMax: Int = BufferSet.bytesMax) {
    self.ownUser = ownUser
    bytesMax = min(memoryMax, max(memoryMax / 2, setBytes.multipliedClamped(by: 4)))
    bytesPerUser = min(
      bytesMax / 2, max(bytesMax / 8, setBytes.multipliedClamped(by: 2)))
  }

  /// The size of each ring of a set: the largest that fits, at most `wanted`. Nil if there is no
  /// space.
  func ringBytes(wanted: Int, ringCount: Int, user: UInt32, isLastResort: Bool = false) -> Int? {
    let ofUser = (user == ownUser ? bytesMax : bytesPerUser) - usedByUser[user, default: 0]
    let left = min(ofUser, bytesMax - bytesUsed)
    let most = isLastResort ? left : left / 2
    var bytes = isLastResort ? RingLayout.ringBytesMin : wanted
    while bytes >= RingLayout.ringBytesMin {
      if RingLayout.setBytes(ringCount: ringCount, ringBytes: bytes) <= most { return bytes }
      bytes /= 2
    }
    return nil
  }

  mutating func take(_ bytes: Int, user: UInt32) {
    bytesUsed += bytes
    usedByUser[user, default: 0] += bytes
  }

  mutating func giveBack(_ bytes: Int, user: UInt32) {
    bytesUsed -= bytes
    let left = usedByUser[user, default: 0] - bytes
    usedByUser[user] = left > 0 ? left : nil
  }
}

extension Int {
  fileprivate func multipliedClamped(by factor: Int) -> Int {
    let (product, overflow) = multipliedReportingOverflow(by: factor)
    return overflow ? .max : product
  }
}
