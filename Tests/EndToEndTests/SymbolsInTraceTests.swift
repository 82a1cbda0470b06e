import Glibc
import TestSupport
import Testing
import TraceAnalysis
import TraceEvents
import TraceFormat

extension EndToEnd {
  /// A trace contains the names of the functions in its stacks, whatever happens to the files. If
  /// it has none, names of other files are not used.
  @Suite(.needs(.kernelSamples, .program("gcc")))
  struct SymbolsInTraceTests {
    let scratch: Scratch
    let program: String

    init() throws {
      scratch = try Scratch()
      program = scratch.path("program")
    }

    /// Builds a program that runs `function` until a file exists.
    func build(_ function: String, _ options: [String]) throws {
      let source = scratch.path("\(function).c")
      // Code of different size precedes it, so that the same offset belongs to another function in
      // each build.
      try write(
        """
        #include <unistd.h>
        volatile unsigned long sum;
        __attribute__((noinline)) void before_\(function)(void) {
          \(String(repeating: "sum += 3; ", count: function.utf8.count))
        }
        __attribute__((noinline)) void \(function)(void) {
          for (long i = 0; i < 1000000; i++) sum += i;
        }
        int main(int count, char **arguments) {
          while (access(arguments[1], F_OK) != 0) { before_\(function)(); \(function)(); }
          return 0;
        }
        """, to: source)
      try ChildProcess(
        "gcc", ["-O1", "-fno-omit-frame-pointer", "-o", program, source] + options, in: scratch
      ).succeed()
    }

    func write(_ text: String, to path: String) throws {
      let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
      guard file >= 0 else { throw ChildProcess.Failure(description: "\(path): \(errno)") }
      defer { close(file) }
      let bytes = Array(text.utf8)
      #expect(Glibc.write(file, bytes, bytes.count) == bytes.count)
    }

    /// Starts a collection, calls `meanwhile` when there are samples, and ends the program.
    func collect(
      _ options: [String] = [], _ meanwhile: (ChildProcess) throws -> Void = { _ in }
    ) throws -> TraceFile {
      let trace = scratch.path("trace.etl")
      let collection = try ChildProcess(
        Tools.tracectl,
        ["collect", "-providers", "CPU", "-o", trace] + options + [
          "--", program, scratch.path("end"),
        ], in: scratch)
      try waitUntil("there are samples; its output: \(collection.output)") {
        if collection.hasEnded { throw ChildProcess.Failure(description: collection.output) }
        return try hasSamples(trace)
      }
      try meanwhile(collection)
      try write("", to: scratch.path("end"))
      try collection.succeed()
      return try TraceFile(path: trace)
    }

    func hasSamples(_ path: String) throws -> Bool {
      guard let file = try? TraceFile(path: path) else { return false }
      return file.eventTypes.contains { $0.schema.name == "SampledProfile" && $0.count > 0 }
    }

    /// The names of the frames in the program, or the reasons for missing names.
    func names(_ file: TraceFile, _ options: SymbolizerOptions = .init()) throws -> Set<String> {
      try file.frameNames(options) { $1.path.contains("program") }
    }

    var nothingElse: SymbolizerOptions {
      var options = SymbolizerOptions()
      options.imageSymbols = []
      return options
    }

    func holds(_ collection: ChildProcess, _ path: String) -> Bool {
      Scratch.names(in: "/proc/\(collection.pid)/fd").contains { name in
        var target = [UInt8](repeating: 0, count: 4096)
        let count = readlink("/proc/\(collection.pid)/fd/\(name)", &target, target.count)
        return count > 0 && String(decoding: target[..<count], as: UTF8.self).hasPrefix(path)
      }
    }

    @Test func aTraceCarriesItsNames() throws {
      try build("alpha", [])
      let file = try collect()
      #expect(try names(file).contains("alpha"))
      let here = try names(file)
      unlink(program)
      #expect(try names(file, nothingElse) == here)
      #expect(try names(file) == here)
      let report = try SymbolPass(options: nothingElse).report(from: Replay(file))
      #expect(report.modules.first { $0.path == program }?.unnamed.isEmpty == true)
    }

    @Test(arguments: ["-Wl,--build-id", "-Wl,--build-id=none"])
    func aProgramThatIsReplacedWhileItRuns(option: String) throws {
      try build("alpha", [option])
      let file = try collect { collection in
        try waitUntil("the program is held open") { holds(collection, program) }
        unlink(program)
        try build("betabetabeta", [option])
      }
      let found = try names(file, nothingElse)
      #expect(found.contains("alpha"))
      #expect(!found.contains { $0.contains("beta") }, "\(found)")
      #expect(try names(file) == found)
    }

    @Test(arguments: ["-Wl,--build-id", "-Wl,--build-id=none"])
    func withoutSymbolsNoOtherBuildsNames(option: String) throws {
      try build("alpha", [option])
      let file = try collect(["-no-symbols"])
      #expect(file.symbols.isEmpty)
      #expect(try names(file).contains("alpha"))
      #expect(try names(file, nothingElse) == ["image not found"])
      // Replaces the file, possibly with the same inode.
      unlink(program)
      try build("betabetabeta", [option])
      #expect(try names(file) == ["build id differs"])
      let report = try ChildProcess(Tools.tracectl, ["symbols", file.path], in: scratch)
      try report.succeed()
      #expect(report.output.contains("build id differs"))
      #expect(report.output.contains("has been replaced since"))
      unlink(program)
      #expect(try names(file) == ["image not found"])
    }

    @Test func whatRanBeforeHasBuildIDsToo() throws {
      try build("alpha", ["-Wl,--build-id"])
      let running = try ChildProcess(program, [scratch.path("end")], in: scratch)
      let trace = scratch.path("attached.etl")
      let collection = try ChildProcess(
        Tools.tracectl, ["collect", "-providers", "CPU", "-o", trace, "-p", "\(running.pid)"],
        in: scratch)
      try waitUntil("there are samples; its output: \(collection.output)") {
        if collection.hasEnded { throw ChildProcess.Failure(description: collection.output) }
        return try hasSamples(trace)
      }
      try write("", to: scratch.path("end"))
      try running.succeed()
      try collection.succeed()
      let file = try TraceFile(path: trace)
      var buildIDs: [String: [UInt8]] = [:]
      let replay = Replay(file)
      replay.on(ImageMap.self) { image, header in
        if header.flags.contains(.rundown) { buildIDs[image.path] = image.buildID }
      }
      try replay.run()
      #expect(buildIDs[program]?.count == 20)
      #expect(buildIDs.count > 1)
      #expect(try names(file, nothingElse).contains("alpha"))
    }
  }
}
