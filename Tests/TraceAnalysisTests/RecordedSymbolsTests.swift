import TestSupport
import Testing
import TraceEvents
import TraceFormat
import TraceSymbols

@testable import TraceAnalysis

/// Names from the trace itself.
@Suite struct RecordedSymbolsTests {
  private let directory = TemporaryDirectory()
  private static let kernelAddress: UInt64 = 0xffff_ffff_8100_0040

  private static func name(_ answer: ImageAnswer) -> String {
    switch answer {
    case .function(let function): function.name
    case .noSymbol: "-"
    case .imageNotFound: "not found"
    case .buildIDDiffers: "differs"
    case .hidden: "hidden"
    }
  }

  private func image(
    _ path: String, _ buildID: [UInt8], kind: ImageKind = .file,
    _ functions: (UInt64, UInt64, String)...
  ) -> ImageSymbols {
    ImageSymbols(
      kind: kind, path: path, buildID: buildID,
      functions: functions.map { ImageFunction(offset: $0.0, size: $0.1, name: $0.2) })
  }

  @Test func theInnermostFunctionIsFound() {
    let symbols = RecordedSymbols([
      image("/a", [1, 2], (0x200, 0x10, "last"), (0x100, 0x80, "outer"), (0x110, 0x10, "inner"))
    ])
    let a = ImageIdentity(path: "/a", buildID: [1, 2])
    let names = [0xff, 0x100, 0x110, 0x11f, 0x120, 0x17f, 0x180, 0x20f, 0x210].map {
      Self.name(symbols.function(atFileOffset: $0, in: a))
    }
    #expect(names == ["-", "outer", "inner", "inner", "outer", "outer", "-", "last", "-"])
  }

  @Test func anotherBuildAndAnotherPathGetNoName() {
    let symbols = RecordedSymbols([
      image("/a", [1, 2], (0, 16, "one")), image("/a", [3], (0, 16, "three")),
      image("/b", [], (0, 16, "b")), image("/gone (deleted)", [], (0, 16, "gone")),
      image("[vdso]", [], kind: .vdso, (0, 16, "clock")),
    ])
    func name(_ path: String, _ buildID: [UInt8] = [], isDeleted: Bool = false) -> String {
      Self.name(
        symbols.function(
          atFileOffset: 4,
          in: ImageIdentity(path: path, buildID: buildID, isDeleted: isDeleted)))
    }
    #expect(name("/a", [1, 2]) == "one")
    #expect(name("/a", [3]) == "three")
    #expect(name("/a", [1, 3]) == "not found")
    #expect(name("/a") == "not found")
    #expect(name("/b") == "b")
    #expect(name("/b", [1]) == "not found")
    #expect(name("/b", isDeleted: true) == "not found")
    #expect(name("/gone", isDeleted: true) == "gone")
    #expect(name("/gone") == "not found")
    #expect(name("[vdso]") == "clock")
  }

  @Test func theKernelHasNamesOnlyWhereTheTraceHas() {
    let address = Self.kernelAddress
    #expect(Self.name(RecordedSymbols([]).kernelFunction(at: address)) == "hidden")
    let symbols = RecordedSymbols([
      image("[kernel]", [], kind: .kernel, (address - 64, 128, "do_idle"))
    ])
    #expect(Self.name(symbols.kernelFunction(at: address)) == "do_idle")
    #expect(Self.name(symbols.kernelFunction(at: address + 64)) == "-")
  }

  @Test func functionsOfNonsense() {
    let symbols = RecordedSymbols([
      image(
        "/a", [1, 2], (.max, .max, "end"), (.max - 1, 5, "over"), (0, .max, "all"), (7, 0, "empty"))
    ])
    let a = ImageIdentity(path: "/a", buildID: [1, 2])
    for offset in [0, 7, 1 << 40, UInt64.max - 1, .max] {
      #expect(Self.name(symbols.function(atFileOffset: offset, in: a)) != "not found")
    }
  }

  /// Two processes in an image at different addresses, the kernel, and a missing image.
  private func trace(symbols: [ImageSymbols]) throws -> TraceFile {
    let path = directory.path + "/recorded.etl"
    var trace = try SampledTrace(path: path)
    for (pid, base) in [(UInt32(10), UInt64(0x5000)), (20, 0x9000)] {
      trace.add(
        ImageMap(
          baseAddress: base, size: 0x1000, fileOffset: 0x1000, path: "/no/such/program",
          buildID: [1, 2], device: 0, inode: 0), at: 0, pid: pid)
      trace.add(
        ImageMap(
          baseAddress: 0xf000, size: 0x1000, fileOffset: 0, path: "/no/such/library", buildID: [7],
          device: 0, inode: 0), at: 0, pid: pid)
    }
    trace.sample(at: 1000, pid: 10, stack: [Self.kernelAddress, 0x5010, 0x5100, 0xf010])
    trace.sample(at: 2000, pid: 20, stack: [0x9010, 0x9100])
    trace.sample(at: 3000, pid: 20, stack: [0x9010, 0x9100, 0x1])
    for image in symbols { trace.writer.define(symbols: image) }
    try trace.finish()
    return try TraceFile(path: path)
  }

  private var recorded: [ImageSymbols] {
    [
      image("/no/such/program", [1, 2], (0x1000, 0x40, "work"), (0x10c0, 0x40, "main")),
      image("[kernel]", [], kind: .kernel, (Self.kernelAddress - 64, 128, "do_idle")),
    ]
  }

  @Test func aTraceIsReadWithNothingButItself() throws {
    let file = try trace(symbols: recorded)
    var options = SymbolizerOptions()
    options.imageSymbols = []
    let symbolizer = Symbolizer(file, options: options)
    try symbolizer.prepare()
    func name(_ pid: UInt32, _ address: UInt64, isCaller: Bool) -> String {
      switch symbolizer.resolve(pid: pid, address: address, at: 2500, isCaller: isCaller) {
      case .symbol(let id, let offset, _): "\(symbolizer.symbol(id).name)+\(offset)"
      case .unresolved(let reason, _): reason.label
      }
    }
    #expect(name(10, 0x5010, isCaller: false) == "work+16")
    #expect(name(20, 0x9010, isCaller: false) == "work+16")
    #expect(name(20, 0x9100, isCaller: true) == "main+64")
    #expect(name(20, 0x9100, isCaller: false) == "no symbol")
    #expect(name(10, Self.kernelAddress, isCaller: false) == "do_idle+64")
    #expect(name(10, 0xf010, isCaller: true) == "image not found")
  }

  @Test func whatStacksHitIsCollectedAndNamed() throws {
    let file = try trace(symbols: [])
    let places = try HitPlaces(file) { $0.name == "SampledProfile" }
    #expect(!places.isCut)
    let offsets = Dictionary(
      uniqueKeysWithValues: places.images.map { ($0.symbols.path, $0.places) })
    #expect(
      offsets == [
        "/no/such/program": [0x1010, 0x10ff], "/no/such/library": [0xf],
        "[kernel]": [Self.kernelAddress],
      ])
    // Named with another trace's symbols, which become this trace's symbols.
    let named = places.images.compactMap { $0.named(by: [RecordedSymbols(recorded)]) }
    #expect(Set(named) == Set(recorded))
  }

  @Test func thereIsALimitToWhatIsCollected() throws {
    let file = try trace(symbols: [])
    var limits = HitPlaces.Limits()
    limits.placesMax = 2
    let places = try HitPlaces(file, limits: limits) { _ in true }
    #expect(places.isCut)
    #expect(places.images.reduce(0) { $0 + $1.places.count } == 2)
  }

  /// The number of programs remembered is bounded, whatever the trace contains.
  @Test(arguments: [true, false]) func programsAndMappingsAreLimited(_ areMappings: Bool) throws {
    let path = directory.path + "/many.etl"
    var trace = try SampledTrace(path: path)
    for number in 0..<30 as Range<UInt32> {
      let time = UInt64(number) * 1000
      trace.add(ProcessStart(parentPID: 1, name: "p"), at: time, pid: 100 + number)
      trace.add(
        ImageMap(
          baseAddress: 0x5000, size: 0x1000, fileOffset: 0, path: "/no/such/p\(number)",
          buildID: [1, UInt8(number)], device: 1, inode: 7), at: time + 1, pid: 100 + number)
      trace.sample(at: time + 2, pid: 100 + number, stack: [0x5010])
    }
    try trace.finish()
    let file = try TraceFile(path: path)
    #expect(try HitPlaces(file) { _ in true }.images.count == 30)
    var limits = HitPlaces.Limits()
    if areMappings { limits.mappingsMax = 10 } else { limits.programsMax = 10 }
    let places = try HitPlaces(file, limits: limits) { _ in true }
    #expect(places.isCut && places.isCutByProcesses)
    #expect(
      Set(places.images.map(\.symbols.path)) == Set((0..<10).map { "/no/such/p\($0)" }))
  }

  @Test func imagesWithoutABuildIDThatShareAPathAreNotMixedUp() throws {
    let path = directory.path + "/mixed.etl"
    var trace = try SampledTrace(path: path)
    for (pid, inode) in [(UInt32(10), UInt64(100)), (20, 101)] {
      trace.add(
        ImageMap(
          baseAddress: 0x5000, size: 0x1000, fileOffset: 0, path: "/tmp/a.out", buildID: [],
          device: 1, inode: inode), at: 0, pid: pid)
      trace.add(
        ImageMap(
          baseAddress: 0x8000, size: 0x1000, fileOffset: 0, path: "/tmp/b.out", buildID: [],
          device: 1, inode: 7), at: 0, pid: pid)
      trace.sample(at: UInt64(pid) * 1000, pid: pid, stack: [0x5010, 0x8010])
    }
    try trace.finish()
    let places = try HitPlaces(try TraceFile(path: path)) { _ in true }
    #expect(places.images.map(\.symbols.path) == ["/tmp/b.out"])
  }

  @Test func theReportCountsFramesAndAddresses() throws {
    var options = SymbolizerOptions()
    options.imageSymbols = []
    let report = try SymbolPass(options: options)
      .report(from: Replay(try trace(symbols: recorded)))
    #expect(report.events == 3)
    #expect(report.all == SymbolReport.Count(frames: 9, addresses: 7))
    #expect(report.named == SymbolReport.Count(frames: 7, addresses: 5))
    let program = try #require(report.modules.first)
    #expect(program.path == "/no/such/program")
    #expect(program.named == SymbolReport.Count(frames: 6, addresses: 4))
    #expect(program.processes == 2)
    #expect(program.origins == [SymbolReport.Origin(kind: .trace, places: 2)])
    let library = try #require(report.modules.first { $0.path == "/no/such/library" })
    #expect(library.named == SymbolReport.Count())
    #expect(library.unnamed.map(\.reason) == [.imageNotFound])
    #expect(library.origins.isEmpty)
    let nothing = try #require(report.modules.first { $0.source == nil })
    #expect(nothing.unnamed.map(\.reason) == [.neverAnnounced])
    #expect(Set(report.unnamed.map(\.reason)) == [.imageNotFound, .neverAnnounced])
    #expect(report.recordedFunctions == 3)
  }

  @Test func theReportListsCodeCompiledAtRunTime() throws {
    let path = directory.path + "/jit.etl"
    var trace = try SampledTrace(path: path)
    trace.add(
      CodeLoad(address: 0x1000, size: 64, codeIndex: 1, source: .perfMap, name: "a"), at: 0, pid: 1)
    trace.add(
      CodeLoad(address: 0x2000, size: 64, codeIndex: 2, source: .jitdump, name: "b"), at: 0, pid: 1)
    trace.sample(at: 1_000_000, pid: 1, stack: [0x1010])
    try trace.finish()
    let report = try SymbolPass().report(from: Replay(try TraceFile(path: path)))
    let sources = Dictionary(
      uniqueKeysWithValues: report.modules.map { ($0.source, [$0.announced, $0.named.frames]) })
    #expect(sources == [.perfMap: [1, 1], .jitdump: [1, 0]])
  }
}
