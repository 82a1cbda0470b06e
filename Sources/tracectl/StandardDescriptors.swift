import Glibc

/// Standard input, output and error.
enum StandardDescriptors {
  /// Puts something in the place of those that are closed, so that no file that is opened later
  /// gets their number, and with it what is meant for them. Reading and writing there fails as
  /// before.
  static func secure() {
    for descriptor in STDIN_FILENO...STDERR_FILENO {
      guard fcntl(descriptor, F_GETFD) < 0, errno == EBADF else { continue }
      // The lowest free number is this one.
      _ = open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
    }
  }
}
