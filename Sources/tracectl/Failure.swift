import Glibc
import TraceExport

/// The exit codes of commands, after sysexits(3).
enum ExitStatus: CInt {
  case success = 0
  case usage = 64
  case dataError = 65
  case noInput = 66
  case unavailable = 69
  case software = 70
  case osError = 71
  case cannotCreate = 73
  case ioError = 74
  case noPermission = 77
  case configuration = 78
  /// As in shells: the command was found but could not be run, or was not found.
  case commandNotRunnable = 126
  case commandNotFound = 127
}

/// An error as shown to the user: one sentence about what happened to what, and the next step.
struct Failure: Error, Hashable {
  var status: ExitStatus
  var sentence: String
  var nextStep: String?

  init(_ status: ExitStatus, _ sentence: String, next nextStep: String? = nil) {
    self.status = status
    self.sentence = sentence
    self.nextStep = nextStep
  }

  /// Creates the failure of a system call on `subject` that failed with `code`.
  init(_ doing: String, _ subject: String, errno code: CInt) {
    let reason = String(cString: strerror(code))
    self.init(
      Self.status(errno: code), "cannot \(doing) \(subject): \(reason)",
      next: Self.nextStep(errno: code))
  }

  static func status(errno code: CInt) -> ExitStatus {
    switch code {
    case EACCES, EPERM: .noPermission
    case ENOENT, ENOTDIR: .noInput
    case EMFILE, ENFILE, ENOMEM, EAGAIN: .osError
    default: .ioError
    }
  }

  static func nextStep(errno code: CInt) -> String? {
    switch code {
    case ENOSPC, EDQUOT: "free some space or write elsewhere with -o"
    case EACCES, EPERM: "check its owner and mode, or run as its owner"
    case ENOENT: "check the name"
    case EISDIR: "give a file, not a directory"
    case EFBIG: "raise the limit on the size of files (ulimit -f)"
    case EROFS: "write elsewhere with -o"
    case EMFILE, ENFILE: "raise the limit on open files (ulimit -n)"
    default: nil
    }
  }

  /// The printed line, such as `tracectl: x.etl is not a trace file; give a file written by
  /// 'tracectl collect'`.
  var line: String { "tracectl: " + escapedForTerminal(description) }
}

extension Failure: CustomStringConvertible {
  /// The text that the argument parser shows for a failure while it validates a command's options.
  var description: String { sentence + (nextStep.map { "; \($0)" } ?? "") }
}
