import Foundation

/// A number passed to tests in the environment.
struct NumberVariable {
  let name: String

  /// Nil if the variable is not set. A value that is not a number ends the run, because it would
  /// otherwise be ignored.
  var value: UInt64? {
    guard let text = ProcessInfo.processInfo.environment[name] else { return nil }
    guard let number = UInt64(text) else {
      fatalError("\(name) is '\(text)': give a decimal number, or unset it")
    }
    return number
  }
}
