import Glibc

/// The terminal of standard output.
enum Terminal {
  /// Number of columns of standard output's terminal; nil if it is not a terminal, so that lines
  /// are not limited.
  static var width: Int? {
    guard isatty(STDOUT_FILENO) == 1 else { return nil }
    var size = winsize()
    guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 100 }
    return max(Int(size.ws_col), 80)
  }

  /// Number of rows of standard output's terminal.
  static var height: Int {
    var size = winsize()
    guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_row > 0 else { return 24 }
    return Int(size.ws_row)
  }

  /// Whether this process is in the foreground of a descriptor's terminal. A background job would
  /// overwrite what the user types.
  static func isInForeground(_ descriptor: CInt) -> Bool {
    let group = tcgetpgrp(descriptor)
    return group < 0 || group == getpgrp()
  }
}
