import Glibc

/// Standard output as the destination of a trace (`-o -`) or of a report.
enum StandardOutput {
  /// Its name in options.
  static let optionValue = "-"
  /// Paths that refer to it.
  private static let paths = ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"]

  static func isMeant(by path: String) -> Bool { path == optionValue || paths.contains(path) }

  /// Its name in messages.
  static let name = "standard output"

  /// Reserves standard output for a trace; returns its descriptor under another number.
  ///
  /// Everything printed to standard output from now on, also by the command, goes to standard
  /// error, because a trace mixed with other output cannot be read.
  ///
  /// - Throws: if it is a terminal, closed, or a file that is not empty.
  static func takeForTrace() throws(Failure) -> CInt {
    guard isatty(STDOUT_FILENO) == 0 else {
      throw Failure(
        .usage, "standard output is a terminal, and a trace is binary",
        next: "redirect it to a file or a pipe, or give -o a file name")
    }
    let flags = fcntl(STDOUT_FILENO, F_GETFL)
    guard flags >= 0, flags & O_ACCMODE != O_RDONLY else {
      throw Failure(.cannotCreate, "standard output is closed", next: "give -o a file name")
    }
    var status = stat()
    if fstat(STDOUT_FILENO, &status) == 0, status.st_mode & S_IFMT == S_IFREG {
      let isAppended = flags & O_APPEND != 0 && status.st_size > 0
      guard !isAppended, lseek(STDOUT_FILENO, 0, SEEK_CUR) == 0 else {
        throw Failure(
          .cannotCreate,
          "standard output is a file that is not empty, and a trace needs a separate "
            + "file", next: "redirect it to an empty file with '>'")
      }
      _ = ftruncate(STDOUT_FILENO, 0)
    }
    let taken = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)
    guard taken >= 0, dup2(STDERR_FILENO, STDOUT_FILENO) >= 0 else {
      throw Failure("take", name, errno: errno)
    }
    return taken
  }
}
