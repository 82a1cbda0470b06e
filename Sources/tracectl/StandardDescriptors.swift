import Glibc

/// Standard input, output and error.
enum StandardDescriptors {
  /// Opens closed descriptors on /dev/null, so that no file opened later gets their number and the
  /// data meant for them. Reading and writing them fails as before.
  static func secure() {
    for descriptor in STDIN_FILENO...STDERR_FILENO {
      guard fcntl(descriptor, F_GETFD) < 0, errno == EBADF else { continue }
      // `open` returns the lowest free number, which is this one.
      _ = open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
    }
  }
}
