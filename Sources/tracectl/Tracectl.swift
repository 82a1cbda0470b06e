import ArgumentParser
import Glibc
import OSStrings
import TraceExport
import TraceFormat
import TraceSession

/// Collects events of running programs into a file, and analyzes it.
@main
struct Tracectl: ParsableCommand {
  // Each command states its name: deriving it from the type's costs a millisecond at each start.
  static let configuration = CommandConfiguration(
    commandName: "tracectl",
    abstract: "Collect typed events from running programs, and analyze them.",
    discussion: """
      Long options may be written with one dash or two: -providers GC is --providers GC.

      tracectl collect -providers GC,JIT -- java Main
      tracectl dump trace.etl
      """,
    version: "tracectl 0.1.0",
    subcommands: [
      Collect.self, View.self, ReportPage.self, Summary.self, Dump.self, Stacks.self,
      Threads.self, Chain.self, Contention.self, GC.self, Allocations.self, Heap.self,
      Exceptions.self, JIT.self, Requests.self, System.self, Compare.self, GateCommand.self,
      Export.self, Symbols.self, InfoCommand.self, ImportCommand.self, Providers.self,
      Verify.self, Recover.self, Doctor.self,
    ])

  static func main() { MainStack.run { Tracectl.start() } }

  private static func start() {
    MemoryLimits.sayWhenMet()
    StandardDescriptors.secure()
    // A closed pipe and a file size limit are reported as failed writes, not as signals.
    signal(SIGPIPE, SIG_IGN)
    signal(SIGXFSZ, SIG_IGN)
    // A terminal with `stty tostop` would stop a collection in the background at its first message,
    // and events would be lost.
    signal(SIGTTOU, SIG_IGN)
    // The standard library has them from /proc, and none where it is not mounted.
    let given = OSPath.arguments
    guard !given.isEmpty else {
      complain(
        Failure(.osError, "the command line cannot be read without /proc", next: "mount it").line)
      Glibc.exit(ExitStatus.osError.rawValue)
    }
    DotNetPortKeeper.runIfMeant(given)
    let arguments = SingleDashOptions.normalized(Array(given.dropFirst()))
    do {
      var command = try parseAsRoot(arguments)
      try command.run()
    } catch let failure as Failure {
      complain(failure.line)
      Glibc.exit(failure.status.rawValue)
    } catch let code as ExitCode {
      Glibc.exit(code.rawValue)
    } catch {
      end(with: error, arguments)
    }
  }

  /// Prints help to standard output, or an error about the arguments as one sentence.
  private static func end(with error: any Error, _ arguments: [String]) -> Never {
    let code = exitCode(for: error)
    let names = configuration.subcommands.map { $0._commandName }
    // 'help NAME' is equivalent to 'NAME -help'; the parser accepts any name as one of its
    // commands.
    let asked = arguments.first == "help" ? arguments.dropFirst().first { !$0.hasPrefix("-") } : nil
    if code.isSuccess, asked.map(names.contains) ?? true { endWithHelp(fullMessage(for: error)) }
    let first = asked ?? arguments.first ?? ""
    let isCommand = names.contains(first)
    if isCommand || first.hasPrefix("-") || first.isEmpty {
      let message = UsageMessage.sentence(message(for: error))
      let help = isCommand ? "tracectl \(first) -help" : "tracectl -help"
      complain(Failure(.usage, message, next: "see '\(help)'").line)
    } else {
      let nearest = NearestName.suggestions(for: first, among: names)
      let next = nearest.isEmpty ? "see 'tracectl -help'" : "did you mean \(alternatives(nearest))?"
      complain(Failure(.usage, "there is no command '\(first)'", next: next).line)
    }
    Glibc.exit(ExitStatus.usage.rawValue)
  }
}

extension Tracectl {
  /// Prints the requested help; the parser's own printing does not detect a full disk.
  private static func endWithHelp(_ text: String) -> Never {
    let sink = DescriptorSink(STDOUT_FILENO)
    var output = OutputBuffer(sink)
    output.append(text: text + "\n")
    output.flush()
    guard output.failure == 0 || output.failure == EPIPE else {
      var failure = Failure("write to", StandardOutput.name, errno: output.failure)
      failure.nextStep = nil
      complain(failure.line)
      Glibc.exit(ExitStatus.ioError.rawValue)
    }
    Glibc.exit(ExitStatus.success.rawValue)
  }
}

/// Joins names: `'a' or 'b'`.
func alternatives(_ names: [String]) -> String {
  names.map { "'\($0)'" }.joined(separator: " or ")
}
