import TraceAnalysis

/// Converts the argument parser's message to one sentence.
enum UsageMessage {
  static func sentence(_ message: String) -> String {
    var text = message.split(separator: "\n").map { line in
      line.drop { $0 == " " }
    }.joined(separator: " ")
    if text.hasPrefix("Unexpected argument") || text.contains("unexpected arguments") {
      text += "; put '--' before a command to run"
    }
    while text.last == "." { text.removeLast() }
    text = text.replacing(". Please provide one of", with: "; give one of")
    if text.contains(" is invalid for "), let form = forms.first(where: { text.hasSuffix($0.end) })
    {
      text += "; give \(form.form)"
    }
    guard let first = text.first, text.dropFirst().first?.isUppercase == false else { return text }
    return first.lowercased() + text.dropFirst()
  }

  /// Accepted forms of a value, by the end of the parser's sentence. The first that fits is used.
  private static let forms = [
    (end: "from <time>'", form: points), (end: "to <time>'", form: points),
    (end: "<time>'", form: "a time such as 12.5, 500ms or 2m"),
    (end: "<size>'", form: "a size such as 65536, 512K or 4MB"),
    (end: "<count>'", form: "a whole number"), (end: "<%>'", form: "a number"),
    (end: "<pid>'", form: numbers), (end: "<tid>'", form: numbers),
  ]
  private static let points =
    "seconds since the trace began such as 12.5, 500ms or 2m, or a date and time such as "
    + "2026-11-28T19:21:51.5Z"
  private static let numbers = "a number, or several such as 12,13"
}
