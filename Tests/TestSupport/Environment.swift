import Foundation

/// A number that Scripts and people give to tests.
struct NumberVariable {
  let name: String

  /// Nil when the variable is not set. A value that is no number ends the run: it would be ignored
  /// otherwise.
  var value: UInt64? {
    guard let text = ProcessInfo.processInfo.environment[name] else { return nil }
    guard let number = UInt64(text) else {
      fatalError("\(name) is '\(text)': give a decimal number, or unset it")
    }
    return number
  }
}
