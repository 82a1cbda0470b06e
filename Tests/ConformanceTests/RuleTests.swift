import Foundation
import Testing
import TraceFormat

/// Each rule of SPEC.md has files that break it (created by `make-files`), and this reader reports
/// that.
@Suite struct RuleTests {
  static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  static let directory = root.appendingPathComponent("Tests/ConformanceTests/Files")

  static func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: directory.path)
      .filter { $0.hasSuffix(".etl") }.sorted()
  }

  private func open(_ name: String) throws -> TraceFile {
    try TraceFile(path: Self.directory.appendingPathComponent(name).path)
  }

  /// The number of events delivered by a replay, none of them twice.
  private func replayed(_ file: TraceFile) throws -> Int {
    var count = 0
    let replay = Replay(file)
    replay.onAny { _ in count += 1 }
    try replay.run()
    return count
  }

  @Test func everyFileBreaksTheRuleInItsName() throws {
    for name in try Self.names() {
      let verdict = String(name.prefix { $0 != "-" })
      if verdict == "F2" {
        #expect(throws: FormatError.unsupportedVersion(major: 2, minor: 0)) { try open(name) }
        continue
      }
      let file = try open(name)
      try file.verify()
      let rules = Set(file.damage.compactMap(\.rule))
      switch verdict {
      case "ok": #expect(file.damage.isEmpty && file.isComplete, "\(name): \(file.damage)")
      case "unfinished": #expect(file.damage.isEmpty && !file.isComplete, "\(name)")
      case "cut": #expect(file.damage.map(\.rule) == [nil], "\(name)")
      default:
        let rule = try #require(FormatRule(rawValue: verdict), "\(name)")
        #expect(rules.contains(rule), "\(name): \(file.damage)")
      }
    }
  }

  /// Every event that a replay does not deliver is reported, and `verify` counts the same ones.
  @Test func aReplayTellsOfEachEventThatItDoesNotHandOut() throws {
    for name in try Self.names() where !name.hasPrefix("F2") {
      let file = try open(name)
      let count = try replayed(file)
      let readable = file.readable
      #expect(UInt64(count) == readable.events, "\(name): \(file.damage)")
      let verified = try open(name)
      try verified.verify()
      #expect(readable.events == verified.readable.events, "\(name): \(verified.damage)")
      // A replay does not read stacks and symbols that no handler needs.
      if ["F", "M", "L", "I"].contains(name.first) {
        #expect(readable == verified.readable, "\(name): \(file.damage), \(verified.damage)")
      }
      let all = name.hasPrefix("ok-not-utf8") ? 6 : 2
      if count < all { #expect(!file.damage.isEmpty, "\(name)") }
      #expect(count <= all, "\(name)")
    }
  }

  /// The index has correct checksums and states what no block has. The blocks are right.
  @Test func blocksPrevailOverTheIndex() throws {
    let names = try Self.names().filter { $0.hasPrefix("I3") }
    #expect(names.count >= 7)
    for name in names {
      let file = try open(name)
      #expect(try replayed(file) == 2, "\(name): \(file.damage)")
      #expect(file.damage.map(\.rule) == [.I3], "\(name): \(file.damage)")
      let whole = try open("ok-plain.etl")
      #expect(file.eventTypes.map(\.schema) == whole.eventTypes.map(\.schema), "\(name)")
      #expect(file.clockSyncs == whole.clockSyncs, "\(name)")
      #expect(file.lossTotals == whole.lossTotals, "\(name)")
    }
  }

  @Test func everyRuleHasAFile() throws {
    let prefixes = Set(try Self.names().map { String($0.prefix { $0 != "-" }) })
    // A file that breaks Z2 would have a hundred megabytes.
    for rule in FormatRule.allCases where rule != .Z2 {
      #expect(prefixes.contains(rule.rawValue), "\(rule)")
    }
  }

  @Test func theSpecificationStatesEveryRule() throws {
    let text = try String(contentsOf: Self.root.appendingPathComponent("SPEC.md"), encoding: .utf8)
    for rule in FormatRule.allCases {
      #expect(text.contains("| \(rule.rawValue) | \(rule.text) |"), "\(rule)")
    }
  }
}
