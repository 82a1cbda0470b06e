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
  ])
  func theParsersWordsBecomeASentence(message: String, expected: String) {
    #expect(UsageMessage.sentence(message) == expected)
  }
}
