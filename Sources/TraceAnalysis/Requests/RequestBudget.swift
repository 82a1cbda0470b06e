/// What all processes' requests may take together; beyond it, the report is partial.
final class RequestBudget {
  static let pendingMax = 1 << 18
  static let groupsMax = 10_000
  static let durationsMax = 16 << 20
  static let openMax = 1 << 16

  var pending = 0
  var groups = 0
  var durations = 0
  var open = 0
  /// Whether a limit was reached.
  private(set) var isExceeded = false

  /// Takes one from a budget; false if nothing is left.
  func take(_ used: ReferenceWritableKeyPath<RequestBudget, Int>, of limit: Int) -> Bool {
    guard self[keyPath: used] < limit else {
      isExceeded = true
      return false
    }
    self[keyPath: used] += 1
    return true
  }
}
