import Foundation
import TestSupport
import Testing

/// Profiles as input: what `go tool pprof` shows of a profile, it shows of an export of its import.
@Suite(.needs(.program("go"))) struct ImportPprofTests {
  private static let corpus = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../../Fuzz/Corpus/import").standardized.path
  private let scratch = TemporaryDirectory()

  /// `go-cpu`: a Go program's CPU time, with inlined calls and labels. `go-heap`: its allocations,
  /// of four sample types. `mixed`: made by hand, with all that a profile can have.
  @Test(arguments: ["go-cpu.pb.gz", "go-heap.pb.gz", "mixed.pb", "addresses.pb"])
  func anExportIsTheProfile(name: String) throws {
    let path = "\(Self.corpus)/\(name)"
    let copy = scratch.path + "/copy.pb.gz"
    let run = try ToolRun("export", path, "-o", copy)
    #expect(run.exitCode == 0, "\(run.errors)")
    let (before, after) = (try RawProfile(path), try RawProfile(copy))
    #expect(before.samples.count > 1)
    #expect(after.heading == before.heading)
    #expect(after.samples == before.samples)
    // The same from a trace.
    let trace = scratch.path + "/trace.etl"
    #expect(try ToolRun("import", path, "-o", trace).exitCode == 0)
    #expect(try ToolRun("export", trace, "-o", copy).exitCode == 0)
    #expect(try RawProfile(copy).samples == before.samples)
  }

  @Test(arguments: ["go-cpu.pb.gz", "go-heap.pb.gz"])
  func theTopFunctionsAreTheSame(name: String) throws {
    let path = "\(Self.corpus)/\(name)"
    let copy = scratch.path + "/copy.pb.gz"
    #expect(try ToolRun("export", path, "-o", copy).exitCode == 0)
    func top(_ path: String) throws -> [Substring] {
      let text = try TestSupport.ChildProcess.output(
        of: "go", ["tool", "pprof", "-top", "-nodecount=500", "-nodefraction=0", path])
      // The first lines have the file's name and the program's build id.
      return text.split(separator: "\n").drop { !$0.contains("flat%") }.sorted()
    }
    #expect(try top(copy) == top(path))
  }

  /// `stacks` shows the functions of pprof, with their numbers.
  @Test func stacksShowsTheFunctions() throws {
    let text = try TestSupport.ChildProcess.output(
      of: "go",
      [
        "tool", "pprof", "-top", "-nodefraction=0", "-nodecount=500", "-unit=ns",
        "-sample_index=cpu", "\(Self.corpus)/go-cpu.pb.gz",
      ])
    var expected: [String: Int] = [:]
    for line in text.split(separator: "\n") {
      let cells = line.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: true)
      guard cells.count == 6, cells[0].hasSuffix("ns") || cells[0] == "0",
        let flat = Int(cells[0].hasSuffix("ns") ? cells[0].dropLast(2) : cells[0])
      else { continue }
      let name = cells[5].replacing(" (inline)", with: "")
        .replacing(" (partial-inline)", with: "")
      expected[name.trimmingCharacters(in: .whitespaces)] = flat
    }
    #expect(expected.count > 5)
    let run = try ToolRun(
      "stacks", "\(Self.corpus)/go-cpu.pb.gz", "-format", "json", "-top", "1000")
    #expect(run.exitCode == 0 && run.errors == "", "\(run.errors)")
    let json = try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any]
    let rows = try #require(json?["functions"] as? [[String: Any]])
    var found: [String: Int] = [:]
    for row in rows {
      found[try #require(row["function"] as? String)] = row["exclusive_ns"] as? Int ?? -1
    }
    #expect(found == expected)
  }

  /// What is no CPU time is shown by what the profile's own tools show first.
  @Test func otherProfilesAreShownWithoutOptions() throws {
    let heap = "\(Self.corpus)/go-heap.pb.gz"
    let run = try ToolRun("stacks", heap, "-format", "json")
    #expect(run.exitCode == 0 && run.errors == "", "\(run.errors)")
    #expect(run.output.contains("pprof/Sample"), "\(run.output)")
    let other = try ToolRun("stacks", heap, "-event", "pprof/Sample", "-weight", "alloc_space")
    #expect(other.exitCode == 0, "\(other.errors)")
  }

  @Test func foldedStacksComeBack() throws {
    let lines = "main;read 3\nmain;read;wait, or [not] 4\nmain;work<int>::run() 1000000\n"
    let path = scratch.path + "/stacks.txt"
    try Data(("# a comment\n" + lines).utf8).write(to: URL(fileURLWithPath: path))
    let run = try ToolRun("export", path, "-format", "folded", "-o", "-")
    #expect(run.exitCode == 0 && run.errors == "", "\(run.errors)")
    let found = run.output.split(separator: "\n").map { line in
      // The process comes first.
      line.drop { $0 != ";" }.dropFirst()
    }
    #expect(Set(found) == Set(lines.split(separator: "\n")), "\(run.output)")
    let piped = try ToolRun(shell: "cat '\(path)' | $tracectl export - -format folded -o -")
    #expect(piped.exitCode == 0 && !piped.output.isEmpty, "\(piped.errors)")
    let svg = try ToolRun("export", path, "-o", scratch.path + "/a.svg")
    #expect(svg.exitCode == 0, "\(svg.errors)")
  }

  @Test func profilesAreCompared() throws {
    let path = "\(Self.corpus)/go-cpu.pb.gz"
    let run = try ToolRun("compare", path, path)
    #expect(run.exitCode == 0, "\(run.errors)")
  }

  @Test func whatIsNoProfileIsSaid() throws {
    let path = scratch.path + "/notes.txt"
    try Data("these are; no stacks\n".utf8).write(to: URL(fileURLWithPath: path))
    let run = try ToolRun("stacks", path)
    #expect(run.exitCode == 65)
    #expect(
      run.errors.contains("a pprof profile") && run.errors.contains("folded stacks"),
      "\(run.errors)")
  }
}

/// What `go tool pprof -raw` shows, in terms that do not depend on the numbers of tables.
private struct RawProfile {
  /// Period, time, duration, comments, sample types.
  var heading: [Substring] = []
  /// The sums of the samples with equal frames and labels, which pprof shows apart if their
  /// addresses differ.
  var samples: [String: [Int]] = [:]

  init(_ path: String) throws {
    let text = try TestSupport.ChildProcess.output(of: "go", ["tool", "pprof", "-raw", path])
    let lines = text.split(separator: "\n")
    let samplesAt = try #require(lines.firstIndex(of: "Samples:"))
    let locationsAt = try #require(lines.firstIndex(of: "Locations"))
    let mappingsAt = try #require(lines.firstIndex(of: "Mappings"))
    heading = Array(lines[...(samplesAt + 1)])
    let mappings = Self.mappings(lines[(mappingsAt + 1)...])
    let places = Self.places(lines[(locationsAt + 1)..<mappingsAt], mappings)
    var current: (values: [Int], key: String)?
    func add() {
      guard let current else { return }
      let known = samples[current.key] ?? current.values.map { _ in 0 }
      samples[current.key] = zip(known, current.values).map(+)
    }
    for line in lines[(samplesAt + 2)..<locationsAt] {
      if let match = line.wholeMatch(of: /\s*((?:-?\d+\s*)+):((?: \d+)*)\s*/) {
        add()
        let values = match.1.split(separator: " ").compactMap { Int($0) }
        let frames = match.2.split(separator: " ").map { places[String($0)] ?? "?" }
        current = (values, frames.joined(separator: " <- "))
      } else {
        let label = line.split(separator: " ", omittingEmptySubsequences: true).sorted()
        current?.key += " " + label.joined(separator: " ")
      }
    }
    add()
  }

  private struct Mapping {
    var start: UInt64
    var offset: UInt64
    var path: String
  }

  private static func mappings(_ lines: ArraySlice<Substring>) -> [String: Mapping] {
    var found: [String: Mapping] = [:]
    for line in lines {
      let pattern = /(\d+): 0x([0-9a-f]+)\/0x[0-9a-f]+\/0x([0-9a-f]+) ?(\S*).*/
      guard let match = line.wholeMatch(of: pattern) else { continue }
      found[String(match.1)] = Mapping(
        start: UInt64(match.2, radix: 16) ?? 0, offset: UInt64(match.3, radix: 16) ?? 0,
        path: String(match.4))
    }
    return found
  }

  /// The functions and lines at each location, or the place in the image.
  private static func places(
    _ lines: ArraySlice<Substring>, _ mappings: [String: Mapping]
  ) -> [String: String] {
    var found: [String: String] = [:]
    var current = ""
    for line in lines {
      if let match = line.wholeMatch(of: /\s*(\d+): 0x([0-9a-f]+)(?: M=(\d+))? ?(.*)/) {
        current = String(match.1)
        let mapping = match.3.flatMap { mappings[String($0)] }
        let image = mapping.map(\.path) ?? ""
        if match.4.isEmpty {
          let address = UInt64(match.2, radix: 16) ?? 0
          let place = mapping.map { address &- $0.start &+ $0.offset } ?? address
          found[current] = "\(image)+\(place)"
        } else {
          found[current] = "\(image)!" + Self.line(match.4)
        }
      } else {
        found[current, default: ""] += " inlined into " + Self.line(line)
      }
    }
    return found
  }

  /// Without the line at which the function begins.
  private static func line(_ text: Substring) -> String {
    text.replacing(#/ s=\d+/#, with: "").trimmingCharacters(in: .whitespaces)
  }
}
