import Glibc

/// The terminal that standard output goes to, if it does.
enum Terminal {
  /// Columns of standard output's terminal; nil where it is none: a file and a pipe take any line.
  static var width: Int? {
    guard isatty(STDOUT_FILENO) == 1 else { return nil }
    var size = winsize()
    guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 100 }
    return max(Int(size.ws_col), 80)
  }
}
