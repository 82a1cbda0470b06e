import Foundation
import TestSupport
import Testing

/// The heap's profiles, as `go tool pprof` reads them.
@Suite(.needs(.program("go")), .serialized) struct GoHeapTests {
  private static let interval = 1024

  private func sampled() throws -> Subject {
    try Subject(
      "heap",
      variables: [
        "LD_PRELOAD": Subject.heapLibrary, "TRACE_HEAP_INTERVAL": String(Self.interval),
      ])
  }

  /// The cumulative value of a function of the sample in the output of `-top`.
  private func amount(of name: String, in top: String) -> Double? {
    for line in top.split(separator: "\n") where line.contains("HeapTrial.\(name)(") {
      let words = line.split(separator: " ")
      return words.count > 4 ? Double(words[3].filter { $0.isNumber || $0 == "." }) : nil
    }
    return nil
  }

  @Test func estimatesAreTheAllocations() throws {
    let subject = try sampled()
    let inUse = try subject.pprof("-top", "-unit=kB", "-nodefraction=0", path: "heap")
    #expect(inUse.contains("Type: inuse_space"), "\(inUse)")
    let leaked = try #require(amount(of: "leaked", in: inUse), "\(inUse)")
    // An array of 4,096 bytes has a header of 32.
    #expect(abs(leaked / (2000 * 4128 / 1024) - 1) < 0.05, "\(inUse)")
    #expect(amount(of: "freed", in: inUse) ?? 0 < 100, "\(inUse)")
    let allocated = try subject.pprof("-top", "-unit=kB", "-nodefraction=0", path: "allocs?gc=1")
    #expect(allocated.contains("Type: alloc_space"), "\(allocated)")
    let freed = try #require(amount(of: "freed", in: allocated), "\(allocated)")
    #expect(abs(freed / (20_000 * 1032 / 1024) - 1) < 0.05, "\(allocated)")
    let objects = try subject.pprof(
      "-top", "-sample_index=alloc_objects", "-nodefraction=0", path: "heap")
    let count = try #require(amount(of: "freed", in: objects), "\(objects)")
    #expect(abs(count / 20_000 - 1) < 0.05, "\(objects)")
  }

  @Test func theProfileIsAsGosAre() throws {
    let subject = try sampled()
    let raw = try subject.pprof("-raw", path: "heap")
    #expect(
      raw.contains(
        "alloc_objects/count alloc_space/bytes inuse_objects/count inuse_space/bytes[dflt]"),
      "\(raw.prefix(600))")
    #expect(
      raw.contains("PeriodType: space bytes\nPeriod: \(Self.interval)"), "\(raw.prefix(600))")
    #expect(raw.contains(/HeapTrial\.swift:[1-9]/), "\(raw.prefix(600))")
    #expect(raw.contains("bytes:[4128 bytes]"), "\(raw.prefix(600))")
    let list = try subject.pprof("-list=HeapTrial.leaked", path: "heap")
    #expect(list.contains(/[0-9.]+MB +[0-9]+: +@inline\(never\) private static func leaked/))
    let base = "http://127.0.0.1:\(subject.port)/debug/pprof/heap"
    let difference = try subject.pprof("-top", "-diff_base", base, path: "heap")
    #expect(difference.contains("Type: inuse_space"), "\(difference)")
    #expect(!difference.contains("HeapTrial.leaked"), "\(difference)")
  }

  /// A tool that reads the text sees the same numbers.
  @Test func textHasTheSameNumbers() throws {
    let subject = try sampled()
    let text = try subject.get("heap?debug=1").text
    let first = try #require(text.split(separator: "\n").first)
    let heading = /heap profile: ([0-9]+): ([0-9]+) \[([0-9]+): ([0-9]+)\] @ heap\/2/
    let numbers = try #require(first.wholeMatch(of: heading), "\(first)").output
    #expect(text.contains(/#\t0x[0-9a-f]+\tstatic HeapTrial.leaked\(\)\t\S+HeapTrial.swift:[1-9]/))
    #expect(text.contains(/# resident = [1-9]/))
    let file = FileManager.default.temporaryDirectory.appending(path: "heap-\(UUID()).txt")
    defer { try? FileManager.default.removeItem(at: file) }
    try text.write(to: file, atomically: true, encoding: .utf8)
    let top = try Subject.pprof(
      ["-top", "-sample_index=alloc_space", "-unit=B", "-nodefraction=0", file.path])
    #expect(top.contains("of \(numbers.4)B total"), "\(first)\n\(top)")
  }

  @Test func aDifferenceShowsOnlyWhatChanged() throws {
    let subject = try sampled()
    let top = try subject.pprof("-top", "-unit=kB", "-nodefraction=0", path: "heap?seconds=1")
    let grown = try #require(amount(of: "growing", in: top), "\(top)")
    #expect(grown > 60, "\(top)")
    #expect(amount(of: "leaked", in: top) == nil, "\(top)")
    #expect(top.contains("Duration: 1"), "\(top)")
    let answer = try subject.get("heap?seconds=0.1")
    #expect(answer.headers["content-disposition"]?.contains("\"heap-delta\"") == true)
    #expect(try subject.get("heap?seconds=1&debug=1").status == 400)
    #expect(try subject.get("heap?gc=x").status == 400)
    #expect(try subject.get("").text.contains(/<td>[0-9]+ samples<\/td><td><a href="heap/))
  }
}
