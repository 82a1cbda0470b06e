/// The options after the `=` of `-agentpath:…/libtracejvm.so=`.
struct AgentOptions: Equatable {
  /// Whether method enter and leave events are available. They must be requested before the
  /// machine starts; while a session enables them, it interprets all code.
  var methods = false
  /// Whether exception events are available at any time, which has a cost for every thrown
  /// exception; nil: only if a session that enables them is waiting when the machine starts.
  var exceptions: Bool?
  /// Whether the thread that holds a lock is looked up when another thread has to wait for it.
  var owners = true

  struct Problem: Error, Equatable {
    var text: String
  }

  init() {}

  /// Options are `name=0|1`, separated by commas.
  init(_ text: String) throws(Problem) {
    for item in text.split(separator: ",") {
      let parts = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let value: Bool? =
        switch parts.count == 2 ? parts[1] : "1" {
        case "0": false
        case "1": true
        default: nil
        }
      switch (parts.first, value) {
      case ("methods", let value?): methods = value
      case ("exceptions", let value?): exceptions = value
      case ("owners", let value?): owners = value
      default:
        throw Problem(
          text: "unknown option '\(item)'; options are methods=0|1 (default 0), exceptions=0|1 "
            + "(default: 1 if a session that enables them waits) and owners=0|1 (default 1), "
            + "separated by commas")
      }
    }
  }
}
