import ArgumentParser
import Glibc
import OSStrings
import TraceFormat
import TraceSession

/// `tracectl collect`: events of running programs into a file.
struct Collect: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Collect events of programs into a file.",
    discussion: """
      A command and what it starts, until it ends:
        tracectl collect -providers CPU,GC,JIT -- java Main
      One process, until Ctrl-C or its end:
        tracectl collect -providers GC -p 1234
      Every process of yours, for ten seconds:
        tracectl collect -providers Shop:Order+0x10:Warning -duration 10s

      CPU[:rate] takes samples of running threads with their stacks, 999 a second
      where no rate is given; ContextSwitch records threads' ways on and off the CPUs.
      Both follow the command, or the processes of -p, or else the whole machine, and
      record only programs that -process names, where it is given.

      Providers are GC, JIT, Exception, Method, Symbol (keywords of the Runtime
      provider) or Name[:Keywords[:Level]]; keywords are names or hexadecimal
      numbers joined by '+', or '*'; '*' as the name is every provider. Ends with
      the command's exit code, 128 + N when signal N killed it.
      """)

  @Option(
    name: .long,
    help: ArgumentHelp("What to collect, separated by commas.", valueName: "specs"))
  var providers: [String] = []

  @Option(
    name: [.customShort("o"), .long],
    help: ArgumentHelp(
      "The file to write; it is replaced. '-' is standard output: a pipe or a file, into which "
        + "the command's own output then does not go.", valueName: "file"))
  var output = "trace.etl"

  @Option(
    name: [.customShort("p"), .long], parsing: .upToNextOption,
    help: ArgumentHelp("Only these processes.", valueName: "pid"))
  var pid: [IDList] = []

  @Flag(help: "With -p: what those processes have started, and what they start, too.")
  var children = false

  @Option(help: ArgumentHelp("Only programs of these names.", valueName: "names"))
  var process: [String] = []

  @Option(help: ArgumentHelp("Stop after this time: 10s, 500ms, 2m.", valueName: "time"))
  var duration: TimeSpan?

  @Option(help: ArgumentHelp("Memory a CPU for events on their way: 4MB, 512K.", valueName: "size"))
  var bufferSize = ByteSize(bytes: 4 << 20)

  @Option(
    help: """
      When a buffer is full: discard new events, overwrite the oldest (a flight recorder, written \
      at the end), or block the program for a moment.
      """)
  var mode: CollectMode = .discard

  @Option(
    help: ArgumentHelp(
      "Take call stacks for these: GC, Shop, Shop:OrderPlaced, or '*'.", valueName: "specs"))
  var stacks: [String] = []

  @Option(
    help: ArgumentHelp(
      "How CPU samples' stacks are walked: fp by frame pointers, dwarf[:BYTES] by a copied piece "
        + "of the stack and the images' .eh_frame (16K where no size is given).",
      valueName: "way"))
  var unwind = "fp"

  @Flag(
    name: .customLong("no-symbols"),
    help: "Leave the names of functions out of the file; it is then read on this machine only.")
  var noSymbols = false

  @Flag(
    inversion: .prefixedNo,
    help: """
      Give each process buffers of its own, so that it cannot damage or forge another's events, or \
      let a user's processes share them, which takes less memory. Default: isolate as root only.
      """)
  var isolate: Bool?

  @Flag(help: "Print nothing but losses and what goes wrong.")
  var quiet = false

  @Argument(
    parsing: .postTerminator,
    help: ArgumentHelp("A command to run and trace, behind '--'.", valueName: "command"))
  var command: [String] = []

  /// What a session has at most.
  private static let bufferBytesMax = 1 << 30

  func validate() throws {
    if !pid.isEmpty, !command.isEmpty {
      throw Failure(
        .usage, "-p names processes that run, and '--' starts another", next: "give one of them")
    }
    if children, pid.isEmpty {
      throw Failure(
        .usage, "-children is for the processes of -p",
        next: command.isEmpty
          ? "give -p, or leave it out" : "leave it out: what a command starts is traced with it")
    }
    if process.contains(where: { $0.split(separator: ",").isEmpty }) {
      throw Failure(
        .usage, "-process names no program", next: "give names of programs, or leave it out")
    }
    if bufferSize.bytes > Self.bufferBytesMax {
      throw Failure(.usage, "-buffer-size may be 1GB a CPU at most", next: "give less")
    }
  }

  private var isToStandardOutput: Bool { StandardOutput.isMeant(by: output) }

  func run() throws {
    var configuration = SessionConfiguration(
      try ProviderSelection(providers).sources(startsCommand: !command.isEmpty),
      outputPath: output == StandardOutput.optionValue ? StandardOutput.name : output)
    configuration.name = OSPath.arguments.dropFirst().joined(separator: " ")
    if let walk = try UnwindChoice(unwind).walk(isSampling: configuration.cpuSampling != nil) {
      configuration.cpuSampling?.walk = walk
    }
    configuration.stacks = try ProviderSelection(stacks).stackSpecs(of: configuration)
    if noSymbols, configuration.cpuSampling == nil, configuration.stacks.isEmpty {
      throw Failure(
        .usage, "-no-symbols leaves out the names in stacks, and no stacks were asked for",
        next: "leave it out, or add CPU to -providers, or -stacks")
    }
    configuration.mode = mode.bufferMode
    configuration.isolatesProcesses = isolate
    configuration.writesSymbols = !noSymbols
    configuration.bufferBytesPerCPU = bufferSize.bytes
    configuration.processes.pids = Set(pid.flatMap(\.ids))
    configuration.processes.takesChildren = children
    // A command's trace is its own: other programs would be noise in it.
    if !command.isEmpty { configuration.processes.ancestor = UInt32(getpid()) }
    configuration.processes.executableNames = Set(
      process.flatMap { $0.split(separator: ",").map(String.init) })
    if isToStandardOutput {
      configuration.outputDescriptor = try StandardOutput.takeForTrace()
    }
    let collection = Collection(
      configuration: configuration, path: configuration.outputPath ?? output, duration: duration,
      command: command,
      isQuiet: quiet)
    let code = try collection.run()
    if code != 0 { throw ExitCode(code) }
  }
}

/// `-mode`.
enum CollectMode: String, CaseIterable, ExpressibleByArgument {
  case discard, overwrite, block

  var bufferMode: BufferMode {
    switch self {
    case .discard: .discard
    case .overwrite: .overwrite
    case .block: .block
    }
  }
}
