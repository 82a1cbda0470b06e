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
}
