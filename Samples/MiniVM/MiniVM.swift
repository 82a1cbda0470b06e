import ArgumentParser
import CTraceShims
import Glibc
import TraceEvents
import TraceProvider

@main
struct MiniVM: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "minivm",
    abstract: "Runs a program of a small language: interpreted, then compiled to machine code.")

  @Argument(help: "The program's file; optional with --churn.")
  var program: String?

  @Argument(help: "Integers that the program reads with argument(0, …), argument(1, …).")
  var arguments: [Int] = []

  @Flag(help: "Interpret only.")
  var noJit = false

  @Option(help: "Number of calls after which a function is compiled.")
  var threshold: Int?

  @Option(help: "Number of calls of machine code after which it is recompiled with optimization.")
  var optimizeAfter: Int32 = 2000

  @Option(help: "Size of the code cache in bytes.")
  var codeCache: Int?

  @Flag(help: "Use a code cache so small that code is evicted and recompiled all the time.")
  var churn = false

  @Flag(name: .customLong("move"), help: "Compact the code cache before code is evicted.")
  var moves = false

  @Option(help: "Size of the nursery in bytes.")
  var nursery = 1 << 20

  @Option(help: "When events announce code: early, late:MILLISECONDS, unload-only or never.")
  var announce = "early"

  @Flag(help: "Write jit-PID.dump.")
  var jitdump = false

  @Option(help: "Directory of that file.")
  var jitdumpDir = "."

  @Flag(help: "Write /tmp/perf-PID.map.")
  var perfmap = false

  @Option(help: "File for a log of all code's addresses and lifetimes, independent of the engine.")
  var oracle: String?

  @Option(help: "Seconds after which running() becomes false.")
  var seconds: Double?

  @Option(help: "Seed of random().")
  var seed: UInt64 = 1

  @Flag(help: "Print the program instead of running it.")
  var showProgram = false

  @Flag(help: "Print numbers of compilations, evictions and collections at the end.")
  var statistics = false

  func validate() throws {
    guard program != nil || churn else { throw ValidationError("name a program, or use --churn") }
    guard Announcement(announce) != nil else {
      throw ValidationError("--announce must be early, late:MILLISECONDS, unload-only or never")
    }
    guard (4096...1 << 30).contains(codeCache ?? 4096) else {
      throw ValidationError("--code-cache must be from 4096 to \(1 << 30)")
    }
    guard (1 << 14...1 << 32).contains(nursery) else {
      throw ValidationError("--nursery must be from \(1 << 14) to \(1 << 32)")
    }
    guard (0..<1e6).contains(seconds ?? 0), threshold ?? 1 > 0, optimizeAfter > 0 else {
      throw ValidationError("--seconds, --threshold and --optimize-after must be positive")
    }
  }

  func run() throws {
    do {
      let source = try program.map(Self.read) ?? ChurnProgram.source(seed: seed)
      guard !showProgram else { return print(source, terminator: "") }
      let exception = try runProgram(try ProgramCompiler.compile(Parser.parse(source)))
      if let exception { throw Failure(description: "uncaught exception: \(exception)") }
    } catch {
      complain("minivm: \(program.map { "\($0): " } ?? "")\(error)")
      throw ExitCode(1)
    }
  }

  struct Failure: Error, CustomStringConvertible {
    var description: String
  }

  /// Runs the program; returns an uncaught exception.
  private func runProgram(_ code: ProgramCode) throws -> String? {
    let machine = Machine(code, machineOptions)
    let announcer = CodeAnnouncer(Announcement(announce)!, sourceFile: program ?? "churn")
    Runtime.provider.onCaptureState { session in announcer.rundown(to: session) }
    let words = UInt(bitPattern: machine.context.words)
    Runtime.provider.onEnable { enablement in
      let isWanted =
        enablement.isEnabled && enablement.keywords.contains(RuntimeSchema.Keyword.method)
      Context(UnsafeMutableRawPointer(bitPattern: words)!).store(
        isWanted ? 1 : 0, in: .tracesMethods)
    }
    Runtime.provider.register()
    if !noJit { try addCompiler(to: machine, announcer) }
    let exception = machine.run()
    machine.compiler?.finish()
    if statistics { complain("\(Statistics(machine))") }
    // The control thread may still call back.
    _ = Unmanaged.passRetained(machine)
    return exception
  }

  private var machineOptions: Machine.Options {
    var options = Machine.Options()
    options.nurseryBytes = nursery
    options.seed = seed
    options.arguments = arguments
    if let seconds {
      options.deadlineNanoseconds = trace_monotonic_ns() + UInt64(seconds * 1e9)
    }
    return options
  }

  private func addCompiler(to machine: Machine, _ announcer: CodeAnnouncer) throws {
    var options = TierCompiler.Options()
    options.cacheBytes = codeCache ?? (churn ? 16 << 10 : options.cacheBytes)
    options.threshold = threshold ?? (churn ? 1 : options.threshold)
    options.optimizeAfter = optimizeAfter
    options.moves = moves
    let map = try perfmap ? PerfMap() : nil
    let dump = try jitdump ? JitDump(directory: jitdumpDir, sourceFile: program ?? "churn") : nil
    // The oracle comes first, so that nothing is announced before the time that it records.
    let listeners: [(any CodeListener)?] = [try oracle.map(Oracle.init), announcer, dump, map]
    machine.compiler = TierCompiler(machine, options, listeners: listeners.compactMap { $0 })
    guard let compiler = machine.compiler else {
      complain("minivm: no executable memory, or no x86-64: interpreting only")
      return
    }
    announcer.announce(compiler.symbols)
    dump?.announce(compiler.symbols)
    map?.announce(compiler.symbols)
  }

  private static func read(_ path: String) throws -> String {
    guard let file = fopen(path, "r") else {
      throw Failure(description: String(cString: strerror(errno)))
    }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while case let count = fread(&chunk, 1, chunk.count, file), count > 0 {
      bytes += chunk[..<count]
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// Writes a line for the user, not for a program that reads the output.
func complain(_ text: String) {
  var line = text + "\n"
  line.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
}
