import Foundation
import Glibc
import TestSupport
import Testing
import TraceFormat

@testable import TraceView

/// Summaries that are kept beside a trace: the same answers, and no belief in what others wrote.
@Suite(.randomized) struct ViewCacheTests {
  private let directory = TemporaryDirectory()

  private var trace: String { directory.path + "/t.etl" }
  private var folder: String { trace + ".view" }
  private var keys: String { directory.path + "/keys/tracectl" }

  private static let requests = [
    "api/timeline?columns=300", "api/timeline?columns=77&from=1000000&to=9000000&expand=10,20",
    "api/events?row=12000&count=40", "api/events?at=5000001&count=3",
  ]

  private func write(events: Int = 20_000) throws {
    try ShownTrace.write(trace, events: events, isHostile: false, .init())
  }

  /// The answers of a server that keeps all summaries.
  private func answers(keeps: Bool = true) throws -> [String] {
    var options = ViewOptions(paths: [trace])
    (options.keepsSummaries, options.keptFrom_ns, options.keyDirectory) = (keeps, 0, keys)
    let shown = try ShownTrace(path: trace, options: options)
    return try Self.requests.map { try shown.get($0).text }
  }

  private func kept() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
  }

  private func bytes(_ name: String) throws -> Data {
    try Data(contentsOf: URL(filePath: folder + "/" + name))
  }

  @Test func aSecondServerHasTheSameAnswers() throws {
    try write()
    let plain = try answers(keeps: false)
    #expect(!FileManager.default.fileExists(atPath: folder))
    #expect(try answers() == plain)
    #expect(try kept() == ["rows", "timeline"])
    func inode() throws -> Int? {
      let found = try FileManager.default.attributesOfItem(atPath: folder + "/timeline")
      return found[.systemFileNumber] as? Int
    }
    let first = try inode()
    #expect(try answers() == plain)
    // It was read, and so not written again.
    #expect(try inode() == first)
    let cache = try #require(ViewCache(trace: trace, keyDirectory: keys))
    #expect(cache.read("timeline") != nil && cache.read("rows") != nil)
    #expect(cache.read("nothing") == nil)
  }

  @Test func whatIsKeptIsReallyRead() throws {
    try write()
    let plain = try answers()
    // Signed by the user: of another trace, it would be a lie, which shows that it is read.
    let cache = try #require(ViewCache(trace: trace, keyDirectory: keys))
    var writer = CacheWriter()
    EventTable(times: [0], ranks: [0], count: 7).write(to: &writer)
    cache.write("rows", writer.bytes)
    let other = try answers()
    #expect(other[0] == plain[0] && other[2] != plain[2] && other[2].contains("\"total\":7"))
  }

  @Test func aChangedTraceIsReadAnew() throws {
    try write()
    _ = try answers()
    try write(events: 15_000)
    let fresh = try answers(keeps: false)
    #expect(try answers() == fresh)
    // With equal size and time of change, but other content.
    let old = try #require(ViewCache(trace: trace, keyDirectory: keys)).read("timeline")
    #expect(old != nil)
    let times = try FileManager.default.attributesOfItem(atPath: trace)
    let file = try FileHandle(forUpdating: URL(filePath: trace))
    try file.seek(toOffset: 100)
    try file.write(contentsOf: Data([1, 2, 3]))
    try file.close()
    try FileManager.default.setAttributes(
      [.modificationDate: try #require(times[.modificationDate])], ofItemAtPath: trace)
    #expect(ViewCache(trace: trace, keyDirectory: keys)?.read("timeline") == nil)
  }

  @Test func damagedAndForeignFilesAreNotBelieved() throws {
    try write(events: 3000)
    let plain = try answers()
    let good = try bytes("timeline")
    let cache = try #require(ViewCache(trace: trace, keyDirectory: keys))
    let whole = cache.read("timeline")
    #expect(whole != nil)
    let place = URL(filePath: folder + "/timeline")
    var random = SeededGenerator()
    for _ in 0..<60 {
      var bad = good
      switch random.below(4) {
      case 0: bad[random.below(bad.count)] ^= UInt8(1 + random.below(255))
      case 1: bad = bad.prefix(random.below(bad.count))
      case 2: bad.append(contentsOf: [0])
      default: bad = try bytes("rows")
      }
      try bad.write(to: place)
      #expect(cache.read("timeline") == nil)
    }
    #expect(try answers() == plain)
    #expect(cache.read("timeline") == whole)
    // Signed with the key of another user.
    let other = directory.path + "/other/tracectl"
    #expect(ViewCache(trace: trace, keyDirectory: other)?.read("timeline") == nil)
    ViewCache(trace: trace, keyDirectory: other)?.write("timeline", [1, 2, 3])
    #expect(cache.read("timeline") == nil)
    // A link to a file with the right bytes.
    try good.write(to: URL(filePath: directory.path + "/elsewhere"))
    unlink(place.path)
    symlink(directory.path + "/elsewhere", place.path)
    #expect(cache.read("timeline") == nil)
    #expect(try answers() == plain)
    #expect(try Data(contentsOf: URL(filePath: directory.path + "/elsewhere")) == good)
  }

  /// The workers of a server ask for the user's key at the same time.
  @Test func whoeverMakesTheKeyAllHaveIt() async {
    for round in 0..<200 {
      let place = directory.path + "/keys\(round)"
      let found = await withTaskGroup(of: [UInt8]?.self) { group in
        for _ in 0..<4 { group.addTask { CacheKey.key(in: place) } }
        return await group.reduce(into: []) { $0.append($1) }
      }
      #expect(found[0] != nil && found.allSatisfy { $0 == found[0] })
      let files = try? FileManager.default.contentsOfDirectory(atPath: place)
      #expect(files == ["view.key"])
    }
  }

  @Test func othersDirectoriesAndKeysAreNotUsed() throws {
    try write(events: 3000)
    let plain = try answers()
    chmod(folder, 0o777)
    let cache = try #require(ViewCache(trace: trace, keyDirectory: keys))
    #expect(cache.read("timeline") == nil)
    chmod(folder, 0o700)
    #expect(cache.read("timeline") != nil)
    chmod(keys + "/view.key", 0o644)
    #expect(ViewCache(trace: trace, keyDirectory: keys) == nil)
    #expect(try answers() == plain)
    // A link instead of the directory.
    chmod(keys + "/view.key", 0o600)
    rename(folder, directory.path + "/real")
    symlink(directory.path + "/real", folder)
    #expect(cache.read("timeline") == nil)
    #expect(try answers() == plain)
  }

  @Test func aPlaceThatCannotBeWrittenIsNoError() throws {
    try write(events: 3000)
    let plain = try answers(keeps: false)
    // A file where the directory should be, and one where the key's should be.
    try Data().write(to: URL(filePath: folder))
    #expect(try answers() == plain)
    try FileManager.default.removeItem(atPath: folder)
    try Data().write(to: URL(filePath: directory.path + "/file"))
    var options = ViewOptions(paths: [trace])
    (options.keptFrom_ns, options.keyDirectory) = (0, directory.path + "/file/tracectl")
    let shown = try ShownTrace(path: trace, options: options)
    #expect(try Self.requests.map { try shown.get($0).text } == plain)
    #expect(!FileManager.default.fileExists(atPath: folder))
  }

  @Test func quickSummariesAreNotKept() throws {
    try write(events: 3000)
    var options = ViewOptions(paths: [trace])
    options.keyDirectory = keys
    options.keptFrom_ns = 600_000_000_000
    let shown = try ShownTrace(path: trace, options: options)
    _ = try Self.requests.map { try shown.get($0) }
    #expect(!FileManager.default.fileExists(atPath: folder))
  }

  /// Whatever bytes the user's own key has signed, decoding does not trap.
  @Test func randomBytesAreNoTimeline() throws {
    try write(events: 3000)
    _ = try answers()
    let cache = try #require(ViewCache(trace: trace, keyDirectory: keys))
    let good = try #require(cache.read("timeline"))
    var random = SeededGenerator()
    for _ in 0..<80 {
      var bad = good
      for _ in 0...random.below(6) {
        let place = random.below(bad.count)
        bad[place] = random.below(2) == 0 ? 255 : UInt8(random.below(256))
      }
      cache.write("timeline", bad.dropLast(random.below(3) == 0 ? random.below(100) : 0))
      let answers = try answers()
      #expect(answers[0].hasPrefix("{") && answers[2].hasPrefix("{"))
    }
  }

  /// The reference implementation's values for the key 00 01 … 0f and the texts 00 01 ….
  @Test func sipHashIsThatOfTheReference() {
    let key = (0..<16).map { UInt8($0) }
    for (count, code) in [
      (0, "a3817f04ba25a8e66df67214c7550293"), (1, "da87c1d86b99af44347659119b22fc45"),
    ] {
      let text = (0..<count).map { UInt8($0) }
      let found = text.withUnsafeBytes { SipHash.code(of: $0, key: key) }
      #expect(found.map { String(format: "%02x", $0) }.joined() == code)
    }
  }
}
