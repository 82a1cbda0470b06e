/// What `tracectl doctor` says about one thing.
struct Finding: Hashable {
  enum Verdict: String {
    case ok
    /// Works, but not as well as it could.
    case warn
    /// Tracing does not work until this is changed.
    case fail
  }

  var verdict: Verdict
  var subject: String
  /// What was found.
  var observation: String
  /// What to do; nil when there is nothing to do.
  var advice: String?

  init(_ verdict: Verdict, _ subject: String, _ observation: String, advice: String? = nil) {
    self.verdict = verdict
    self.subject = subject
    self.observation = observation
    self.advice = advice
  }

  /// One line, and a second with the advice.
  var lines: [String] {
    let line = verdict.rawValue.padding(to: 6) + subject.padding(to: 19) + observation
    guard let advice else { return [line] }
    return [line, "".padding(to: 25) + "→ " + advice]
  }
}

extension String {
  /// At least `width` characters, with spaces at the end.
  func padding(to width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - count))
  }

  /// At least `width` characters, with spaces at the start.
  func indented(to width: Int) -> String {
    String(repeating: " ", count: max(0, width - count)) + self
  }
}
