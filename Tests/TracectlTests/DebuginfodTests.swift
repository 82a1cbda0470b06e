import Foundation
import TestSupport
import Testing
import TraceAnalysis
import TraceEvents
import TraceFormat

@testable import tracectl

/// `-debuginfod`: debug files and images from servers, and problems of their answers.
@Suite(.needs(.program("gcc"), .program("objcopy"), .program("python3"), DebugServer.library))
struct DebuginfodTests {
  private let fixture: TraceFixture
  /// A trace with samples in `work` of a stripped program that exists, and of one that does not.
  private let path: String
  private let program: String
  private let debug: String
  private let stripped: String
  private let id: String

  init() throws {
    let fixture = try TraceFixture()
    self.fixture = fixture
    (program, path) = (fixture.path("demo"), fixture.path("samples.etl"))
    (debug, stripped) = (program + ".symbols", fixture.path("image/demo"))
    try FileManager.default.createDirectory(
      atPath: fixture.path("image"), withIntermediateDirectories: true)
    try CompiledTrace.source.write(toFile: program + ".c", atomically: true, encoding: .utf8)
    func run(_ line: String) throws -> String {
      let run = try ToolRun(shell: line, in: fixture.directory)
      try #require(run.exitCode == 0, "\(line): \(run.errors)")
      return run.output
    }
    _ = try run(
      "gcc -O2 -g -Wl,--build-id demo.c -o demo; objcopy --only-keep-debug demo '\(debug)'")
    _ = try run("strip demo -o '\(stripped)'")
    let fields = try run("nm -S demo | grep ' work$'").split(separator: " ")
    id = String(try run("readelf -n demo | grep 'Build ID'").split(separator: " ").last!.dropLast())
    let start = try #require(UInt64(fields[0], radix: 16))
    var trace = try SampledTrace(path: path)
    trace.process(10, "/demo")
    let digits = Array(id)
    let bytes = stride(from: 0, to: digits.count, by: 2).compactMap {
      UInt8(String(digits[$0...($0 + 1)]), radix: 16)
    }
    for (base, name) in [(UInt64(0x40_0000), "/demo"), (0x80_0000, "/gone")] {
      trace.add(
        ImageMap(
          baseAddress: base, size: 0x10000, fileOffset: 0, path: name, buildID: bytes, device: 0,
          inode: 0), at: 1, pid: 10)
    }
    trace.sample(at: 1_000_000, pid: 10, stack: [0x40_0000 + start])
    try trace.finish()
  }

  private func environment(_ url: String) -> [String: String] {
    [
      "DEBUGINFOD_URLS": url, "DEBUGINFOD_CACHE_PATH": fixture.path("cache"),
      "DEBUGINFOD_RETRY_LIMIT": "1", "DEBUGINFOD_TIMEOUT": "1",
    ]
  }

  private var arguments: [String] {
    ["dump", path, "-event", "SampledProfile", "-symbol-path", fixture.path("image")]
  }

  private func dump(_ environment: [String: String], _ options: String...) throws -> ToolRun {
    try RunningTool(arguments + options, environment: environment).wait()
  }

  private var cached: String { fixture.path("cache/\(id)/debuginfo") }

  @Test func aDebugFileIsFetchedOnceAndKept() throws {
    let server = try DebugServer(.whole, file: debug, in: fixture)
    let environment = environment(server.url)
    let without = try dump(environment)
    #expect(without.output.contains("(demo: no symbol)"), "\(without.output)")
    #expect(server.requests == [])
    let run = try dump(environment, "-debuginfod", "-lines")
    #expect(run.exitCode == 0 && run.errors == "", "\(run.errors)")
    #expect(run.output.contains("demo!work") && run.output.contains(" demo.c:"), "\(run.output)")
    #expect(server.requests == ["/buildid/\(id)/debuginfo"])
    try server.end()
    #expect(try dump(environment, "-debuginfod").output.contains("demo!work"))
    #expect(try dump(environment).output.contains("demo!work"))
  }

  @Test func theCacheIsWhereOtherToolsHaveIt() throws {
    let server = try DebugServer(.whole, file: debug, in: fixture)
    let run = try ToolRun(
      shell: "unset DEBUGINFOD_CACHE_PATH; \"$tracectl\" symbols '\(path)' -debuginfod "
        + "-symbol-path '\(fixture.path("image"))' -format json",
      environment: ["DEBUGINFOD_URLS": server.url, "XDG_CACHE_HOME": fixture.path("xdg")])
    let file = fixture.path("xdg/debuginfod_client/\(id)/debuginfo")
    #expect(run.output.contains(file), "\(run.output)")
    #expect(FileManager.default.contentsEqual(atPath: file, andPath: debug))
  }

  @Test func anImageIsFetchedToo() throws {
    let server = try DebugServer(.whole, file: program, in: fixture)
    let run = try RunningTool(
      ["stacks", path, "-debuginfod", "-by-name"], environment: environment(server.url)
    ).wait()
    #expect(run.output.contains("demo!work"), "\(run.output)")
    #expect(server.requests == ["/buildid/\(id)/executable"])
  }

  @Test func oneOfSeveralServersHasIt() throws {
    let empty = try DebugServer(.missing, file: debug, in: fixture)
    let full = try DebugServer(.whole, file: debug, in: fixture)
    let run = try dump(environment("\(empty.url)  \(full.url)"), "-debuginfod")
    #expect(run.output.contains("demo!work"), "\(run.errors)")
  }

  /// A missing file is not an error, and is not requested again for ten minutes.
  @Test func whatNoServerHasIsRemembered() throws {
    let server = try DebugServer(.missing, file: debug, in: fixture)
    for _ in 0..<2 {
      let run = try dump(environment(server.url), "-debuginfod")
      #expect(run.exitCode == 0 && run.errors == "", "\(run.errors)")
      #expect(run.output.contains("(demo: no symbol)"))
    }
    #expect(server.requests == ["/buildid/\(id)/debuginfo"])
  }

  @Test(
    arguments: [
      (.text, [:], "something else than an ELF file"),
      (.half, [:], "sent only a part of the debuginfo"),
      (.whole, ["DEBUGINFOD_MAXSIZE": "1000"], "longer than 1000 bytes"),
      (.endless, ["DEBUGINFOD_MAXSIZE": "1000000"], "longer than 1000000 bytes"),
      (.endless, ["DEBUGINFOD_MAXTIME": "1"], "(DEBUGINFOD_"),
      (.never, [:], "in time (DEBUGINFOD_TIMEOUT)"),
    ] as [(DebugServer.Answer, [String: String], String)])
  func aBadAnswerIsSaidAndNotUsed(
    answer: DebugServer.Answer, limits: [String: String], says: String
  ) throws {
    let server = try DebugServer(answer, file: debug, in: fixture)
    try check(environment(server.url).merging(limits) { $1 }, says: says)
  }

  @Test func anotherBuildsFileIsNotUsed() throws {
    let other = fixture.path("other")
    try #require(
      ToolRun(shell: "echo 'int work(void) { return 1; }' | gcc -shared -g -x c - -o '\(other)'")
        .exitCode == 0)
    let server = try DebugServer(.whole, file: other, in: fixture)
    try check(environment(server.url), says: "sent a file of build id")
  }

  @Test func aServerThatIsNotThereIsSaid() throws {
    let server = try DebugServer(.whole, file: debug, in: fixture)
    try server.end()
    try check(environment(server.url), says: "did not send")
  }

  private func check(_ environment: [String: String], says: String) throws {
    let run = try dump(environment, "-debuginfod")
    #expect(run.exitCode == 0)
    #expect(run.output.contains("(demo: no symbol)"), "\(run.output)")
    #expect(run.errors.contains(says) && run.errors.contains(id), "\(run.errors)")
    #expect(run.errors.filter { $0 == "\n" }.count == 1, "\(run.errors)")
    let left = FileManager.default.contents(atPath: cached) ?? Data()
    #expect(left.isEmpty, "\(left.count) bytes stay in the cache")
  }

  @Test func whatCannotTakeEffectIsAnError() throws {
    try expectOneSentence(
      of: [
        (arguments + ["-debuginfod"], 78, "DEBUGINFOD_URLS, which is not set"),
        (arguments + ["-debuginfod", "-follow"], 64, "omit -follow"),
        (["dump", path, "-no-stacks", "-debuginfod"], 64, "omit -no-stacks"),
        (["dump", path, "-no-stacks", "-symbol-path", "/"], 64, "omit -no-stacks"),
        (["stacks", path, "-symbol-path", "/no/such"], 64, "look for images in /no/such"),
        (["symbols", path, "-symbol-path", "/etc/passwd"], 64, "takes a directory"),
      ], environment: ["DEBUGINFOD_URLS": " "])
  }

  @Test func theDoctorKnowsIt() {
    func check(_ servers: Int, _ isInstalled: Bool) -> Finding {
      DebuginfodCheck.debuginfod(servers: servers, isInstalled: isInstalled)
    }
    #expect(check(0, false).verdict == .ok)
    #expect(check(1, false).verdict == .warn && check(1, false).advice != nil)
    #expect(check(0, true).observation.contains("not set"))
    #expect(check(2, true).observation.contains("2 servers"))
  }
}
