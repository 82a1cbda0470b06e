import Glibc
import OSStrings
import TraceFormat

/// Standard input as the source of a trace (`dump -`).
enum StandardInput {
  /// Its name in commands.
  static let optionValue = "-"
  /// Its name in messages.
  static let name = "standard input"

  /// Opens the trace in standard input.
  ///
  /// A file is read in place. Data from a pipe is first copied into an unlinked file in the
  /// temporary directory, because a trace is also read from its end.
  static func openTrace() throws -> TraceFile {
    var status = stat()
    guard fstat(STDIN_FILENO, &status) == 0 else { throw Failure("read", name, errno: errno) }
    guard isatty(STDIN_FILENO) == 0 else {
      throw Failure(
        .usage, "a trace is not read from a terminal, and standard input is one",
        next: "give '-' behind a pipe, or with '<'")
    }
    let isFile = status.st_mode & S_IFMT == S_IFREG
    let descriptor = isFile ? STDIN_FILENO : try copy()
    defer { if descriptor != STDIN_FILENO { close(descriptor) } }
    return try OpenTrace.file("/proc/self/fd/\(descriptor)", name: name)
  }

  private static func copy() throws(Failure) -> CInt {
    let descriptor = try TemporaryFile.open()
    var bytes = [UInt8](repeating: 0, count: 1 << 18)
    while true {
      let count = read(STDIN_FILENO, &bytes, bytes.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw Failure("read", name, errno: errno) }
      if count == 0 { return descriptor }
      var written = 0
      while written < count {
        let more = bytes.withUnsafeBytes {
          write(descriptor, $0.baseAddress! + written, count - written)
        }
        if more < 0, errno == EINTR { continue }
        guard more > 0 else { throw TemporaryFile.failure("write to") }
        written += more
      }
    }
  }
}
