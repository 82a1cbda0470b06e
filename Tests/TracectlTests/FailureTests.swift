import Glibc
import Testing

@testable import tracectl

@Suite struct FailureTests {
  @Test func oneSentenceAndTheNextStep() {
    let failure = Failure("write", "x.etl", errno: ENOSPC)
    #expect(
      failure.line
        == "tracectl: cannot write x.etl: No space left on device; "
        + "free some space or write elsewhere with -o")
    #expect(failure.status == .ioError)
    #expect(Failure("open", "x", errno: EACCES).status == .noPermission)
    #expect(Failure("open", "x", errno: ENOENT).status == .noInput)
  }

  @Test func namesCannotReachTheTerminalRaw() {
    #expect(!Failure(.usage, "no \u{1b}[2J").line.contains("\u{1b}"))
  }

  @Test(arguments: [
    (
      "Unknown option '--provders'. Did you mean '--providers'?",
      "unknown option '--provders'. Did you mean '--providers'?"
    ),
    ("Missing value for '-o <file>'", "missing value for '-o <file>'"),
    (
      "Unexpected argument 'java'",
      "unexpected argument 'java'; put '--' before a command to run"
    ),
    (
      "The value '5x' is invalid for '--duration <time>'",
      "the value '5x' is invalid for '--duration <time>'; give a time such as 12.5, 500ms or 2m"
    ),
    (
      "The value '12:00' is invalid for '--from <time>'",
      "the value '12:00' is invalid for '--from <time>'; give seconds since the trace began such "
        + "as 12.5, 500ms or 2m, or a date and time such as 2026-11-28T19:21:51.5Z"
    ),
    (
      "The value 'all' is invalid for '--mode <mode>'. Please provide one of 'a' or 'b'.",
      "the value 'all' is invalid for '--mode <mode>'; give one of 'a' or 'b'"
    ),
  ])
  func theParsersWordsBecomeASentence(message: String, expected: String) {
    #expect(UsageMessage.sentence(message) == expected)
  }
}
