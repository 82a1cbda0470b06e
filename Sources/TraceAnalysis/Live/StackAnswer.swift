internal import TraceFormat

/// The names of a stack's frames at some time. Events with the same stack and the same names share
/// one object.
///
/// - Guarantee: immutable. The ids of its symbols and modules are valid as long as it exists.
/// - Trap: not thread-safe: release it on the thread of its ``LiveSymbolizer``.
public final class StackAnswer {
  /// Addresses of the frames, innermost first.
  public let addresses: [UInt64]
  /// Answer for each frame. A ``StackNode/lostAddress`` has no name.
  public let resolutions: [Resolution]
  /// Frames other than the kernel's whose name is not certain, and those without a name.
  let unsure: [Int32]
  let unnamed: [Int32]
  /// Number of pending lookups that were given this answer.
  var pendingUses = 0
  /// Whether the innermost frame's address is a return address.
  private let isCaller: Bool
  private let register: AnswerRegister
  private var place = 0

  init(_ stack: PendingStacks.Stack, _ resolutions: [Resolution], _ register: AnswerRegister) {
    (addresses, isCaller) = (stack.key.addresses, stack.key.isCaller)
    self.resolutions = resolutions
    self.register = register
    var (unsure, unnamed): ([Int32], [Int32]) = ([], [])
    for index in resolutions.indices where stack.frames[index].isWatched {
      if !resolutions[index].isCertain { unsure.append(Int32(index)) }
      if resolutions[index].symbolID == nil { unnamed.append(Int32(index)) }
    }
    (self.unsure, self.unnamed) = (unsure, unnamed)
    place = register.add(self)
  }

  /// Whether announcements can change a frame's name, until its time is final. Kernel functions do
  /// not move.
  public func mayChange(_ index: Int) -> Bool {
    let address = addresses[index]
    let isCaller =
      index == 0
      ? isCaller : StackAddress.isCaller(address, inner: addresses[index - 1])
    return !StackAddress.isKernel(isCaller ? address &- 1 : address)
  }

  deinit { register.remove(place) }
}

/// All existing answers, whose symbols must be kept.
final class AnswerRegister {
  private var answers: [Unmanaged<StackAnswer>?] = []
  private var free: [Int] = []

  func visit(_ body: (StackAnswer) -> Void) {
    for case let answer? in answers { body(answer.takeUnretainedValue()) }
  }

  fileprivate func add(_ answer: StackAnswer) -> Int {
    if let place = free.popLast() {
      answers[place] = .passUnretained(answer)
      return place
    }
    answers.append(.passUnretained(answer))
    return answers.count - 1
  }

  fileprivate func remove(_ place: Int) {
    answers[place] = nil
    free.append(place)
  }
}
