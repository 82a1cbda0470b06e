import ArgumentParser
import Glibc
import OSStrings
import TraceFormat
import TraceSession

/// `tracectl collect`: records events of programs into a file.
struct Collect: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "collect",
    abstract: "Collect events of programs into a file.",
    discussion: """
      Trace a command and the processes it starts, until it ends:
        tracectl collect -providers CPU,GC,JIT -- java Main
      Trace one process, until Ctrl-C or its end:
        tracectl collect -providers GC -p 1234
      Trace all your processes for ten seconds:
        tracectl collect -providers Shop:Order+0x10:Warning -duration 10s

      CPU[:rate] samples running threads with their stacks, by default 999 times a
      second. ContextSwitch records when threads run and wait, and what wakes them; with
      -stacks ContextSwitch also where. Both cover the command, or the processes of -p,
      or else the whole machine; -process restricts them to programs of the given names.
      Heap[:bytes] samples the command's heap allocations, on average one in 512K bytes,
      and when they are freed; see 'tracectl heap'.
      SystemCounters[:interval] reads counters of the machine and of the traced processes,
      by default once a second.

      Providers are GC, JIT, Exception, Method, Symbol (keywords of the Runtime
      provider) or Name[:Keywords[:Level]]. Keywords are names or hexadecimal numbers
      joined by '+', or '*' for all. The name '*' selects every provider. The exit code
      is the command's, or 128 + N if signal N killed it.

      They also select events of .NET runtimes, and a name may be that of any EventSource:
        tracectl collect -providers GC,JIT,Exception,CPU -- dotnet app.dll
        tracectl collect -providers Microsoft-Windows-DotNETRuntime:0x8000:4 -p 1234
      """)

  @Option(
    name: .long,
    help: ArgumentHelp(
      "The sources and providers to collect, separated by commas.", valueName: "specs"))
  var providers: [String] = []

  @Option(
    name: [.customShort("o"), .long],
    help: ArgumentHelp(
      "The file to write (default: trace.etl); an existing file is replaced. '-' is standard "
        + "output, a pipe or a file; the command's own output then goes to standard error.",
      valueName: "file"))
  var output: String?

  @Option(
    name: [.customShort("p"), .long], parsing: .upToNextOption,
    help: ArgumentHelp("Trace only these processes.", valueName: "pid"))
  var pid: [IDList] = []

  @Flag(help: "With -p: also trace the descendants of those processes, running and future ones.")
  var children = false

  @Option(help: ArgumentHelp("Trace only programs of these names.", valueName: "names"))
  var process: [String] = []

  @Option(help: ArgumentHelp("Stop after this time: 10s, 500ms, 2m.", valueName: "time"))
  var duration: TimeSpan?

  @Option(
    help: ArgumentHelp(
      "Buffer memory for each CPU: 4MB (the default), 512K.", valueName: "size"))
  var bufferSize: ByteSize?

  @Option(
    help: """
      What to do when a buffer is full: discard new events (the default), overwrite the oldest (a \
      flight recorder, written at the end), or block the program for a moment.
      """)
  var mode: CollectMode?

  @Option(
    help: ArgumentHelp(
      "Record call stacks with these events: GC, Shop, Shop:OrderPlaced, ContextSwitch, or '*'.",
      valueName: "specs"))
  var stacks: [String] = []

  @Option(
    help: ArgumentHelp(
      "How to walk the stacks of CPU samples: fp by frame pointers (the default), dwarf[:BYTES] by "
        + "copying BYTES of each stack (by default 16K) and unwinding them by the images' "
        + ".eh_frame.", valueName: "way"))
  var unwind: String?

  @Flag(
    name: .customLong("no-symbols"),
    help: "Do not store function names in the file; they can then be shown on this machine only.")
  var noSymbols = false

  @Flag(
    inversion: .prefixedNo,
    help: """
      Give each process separate buffers, so that it cannot damage or forge the events of another, \
      or let a user's processes share buffers, which takes less memory. Default: isolate as root \
      only.
      """)
  var isolate: Bool?

  @Flag(help: "Print only losses and problems.")
  var quiet = false

  @Argument(
    parsing: .postTerminator,
    help: ArgumentHelp("A command to run and trace, after '--'.", valueName: "command"))
  var command: [String] = []

  /// The maximum buffer size of a session.
  private static let bufferBytesMax = 1 << 30
  private static let bufferUsual = ByteSize(bytes: 4 << 20)
  private static let unwindUsual = "fp"

  func validate() throws {
    if !pid.isEmpty, !command.isEmpty {
      throw Failure(
        .usage, "-p traces running processes, and '--' starts a new one", next: "use one of them")
    }
    if children, pid.isEmpty {
      throw Failure(
        .usage, "-children requires -p",
        next: command.isEmpty
          ? "add -p, or omit -children" : "omit it: a command's children are always traced")
    }
    if process.contains(where: { $0.split(separator: ",").isEmpty }) {
      throw Failure(
        .usage, "-process names no program", next: "give program names, or omit it")
    }
    if bufferSize?.bytes ?? 0 > Self.bufferBytesMax {
      throw Failure(.usage, "-buffer-size is more than 1GB for each CPU", next: "use 1GB or less")
    }
  }

  /// The file to write, or a name of standard output.
  var path: String { output ?? "trace.etl" }

  private var isToStandardOutput: Bool { StandardOutput.isMeant(by: path) }

  func run() throws {
    let code = try collection().run()
    if code != 0 { throw ExitCode(code) }
  }

  /// The collection that the options describe.
  func collection() throws -> Collection {
    var configuration = SessionConfiguration(
      try ProviderSelection(providers).sources(startsCommand: !command.isEmpty),
      outputPath: path == StandardOutput.optionValue ? StandardOutput.name : path)
    configuration.name = OSPath.arguments.dropFirst().joined(separator: " ")
    let isWalking =
      configuration.cpuSampling != nil || configuration.heapInterval_bytes != nil
      || configuration.lockThreshold_ns != nil
    if let walk = try UnwindChoice(unwind ?? Self.unwindUsual).walk(isSampling: isWalking) {
      configuration.cpuSampling?.walk = walk
    }
    try ProviderSelection(stacks).addStacks(to: &configuration)
    if noSymbols, configuration.cpuSampling == nil, configuration.stacks.isEmpty,
      !configuration.switchStacks
    {
      throw Failure(
        .usage, "-no-symbols leaves out the names in stacks, and no stacks were asked for",
        next: "omit it, or add CPU to -providers, or -stacks")
    }
    configuration.mode = (mode ?? .discard).bufferMode
    configuration.isolatesProcesses = isolate
    configuration.writesSymbols = !noSymbols
    configuration.bufferBytesPerCPU = (bufferSize ?? Self.bufferUsual).bytes
    configuration.processes.pids = Set(pid.flatMap(\.ids))
    configuration.processes.takesChildren = children
    // The trace of a command contains no other programs.
    if !command.isEmpty { configuration.processes.ancestor = UInt32(getpid()) }
    configuration.processes.executableNames = Set(
      process.flatMap { $0.split(separator: ",").map(String.init) })
    if isToStandardOutput {
      configuration.outputDescriptor = try StandardOutput.takeForTrace()
    }
    return Collection(
      configuration: configuration, path: configuration.outputPath ?? path, duration: duration,
      command: command, preloaded: try preloaded(configuration), isQuiet: quiet)
  }

  private func preloaded(
    _ configuration: SessionConfiguration
  ) throws(Failure) -> [PreloadedLibrary] {
    let unwinds = unwind ?? Self.unwindUsual != Self.unwindUsual
    var libraries: [PreloadedLibrary] = []
    if let interval = configuration.heapInterval_bytes {
      libraries.append(
        try .heap(interval_bytes: interval, unwinds: unwinds, startsCommand: !command.isEmpty))
    }
    if let threshold = configuration.lockThreshold_ns {
      libraries.append(
        try .lock(threshold_ns: threshold, unwinds: unwinds, startsCommand: !command.isEmpty))
    }
    return libraries
  }
}

/// The values of `-mode`.
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
