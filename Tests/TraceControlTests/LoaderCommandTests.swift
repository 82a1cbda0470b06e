import Glibc
import Testing

@testable import TraceControl

/// Programs that are run through a dynamic linker's command line.
@Suite struct LoaderCommandTests {
  @Test(
    arguments: [
      ("/lib64/ld-linux-x86-64.so.2 ./b_default 1 2", "./b_default"),
      ("ld.so --library-path /opt/lib --argv0 x /bin/work", "/bin/work"),
      ("/lib/ld-musl-x86_64.so.1 --preload=a.so -- /bin/work", "/bin/work"),
      ("/lib64/ld-linux-x86-64.so.2 --inhibit-cache work", "work"),
    ])
  func theProgramIsNamed(command: String, program: String) {
    let arguments = command.split(separator: " ").map(String.init)
    #expect(LoaderCommand.isLoader(arguments[0]))
    #expect(LoaderCommand.program(arguments) == program)
  }

  @Test func whatIsNoProgramIsNone() {
    #expect(LoaderCommand.program(["/lib64/ld-linux-x86-64.so.2", "--version"]) == nil)
    #expect(LoaderCommand.program([]) == nil)
    #expect(!LoaderCommand.isLoader("/usr/bin/ld"))
    #expect(!LoaderCommand.isLoader("/usr/bin/ldconfig"))
  }
}
