import Foundation
import TestSupport
import Testing

/// The samples of an exported file, each as a line: time, weight, thread, and the names of its
/// stack from the outermost.
enum ExportedSamples {
  typealias Object = [String: Any]

  static func object(_ path: String) throws -> Object {
    let data = try Data(contentsOf: URL(fileURLWithPath: path))
    return try #require(try JSONSerialization.jsonObject(with: data) as? Object)
  }

  static func line(_ time: Int, _ weight: Int, _ tid: Int, _ names: [String]) -> String {
    "\(time) \(weight) \(tid) \(names.joined(separator: ";"))"
  }

  /// From `dump -format json`.
  static func dumped(_ text: String) throws -> [String] {
    try text.split(separator: "\n").compactMap { line in
      let event = try #require(
        try JSONSerialization.jsonObject(with: Data(line.utf8)) as? Object)
      guard event["event"] as? String == "SampledProfile" else { return nil }
      let fields = try #require(event["fields"] as? Object)
      let frames = event["frames"] as? [Object] ?? []
      return self.line(
        try #require(event["time_ns"] as? Int), try #require(fields["weight"] as? Int),
        try #require(event["tid"] as? Int),
        frames.reversed().map { $0["function"] as? String ?? "?" })
    }
  }

  static func firefox(_ path: String) throws -> [String] {
    let json = try object(path)
    let strings = try #require((json["shared"] as? Object)?["stringArray"] as? [String])
    return try #require(json["threads"] as? [Object]).flatMap { thread -> [String] in
      func column<T>(_ table: String, _ name: String, _ type: T.Type) throws -> [T] {
        try #require((thread[table] as? Object)?[name] as? [T], "\(table).\(name)")
      }
      let times = try column("samples", "time", Double.self)
      let weights = try column("samples", "threadCPUDelta", Int.self)
      let stacks = try column("samples", "stack", Any.self)
      let frames = try column("stackTable", "frame", Int.self)
      let prefixes = try column("stackTable", "prefix", Any.self)
      let functions = try column("frameTable", "func", Int.self)
      let names = try column("funcTable", "name", Int.self)
      return times.indices.map { index in
        var path: [String] = []
        var place = stacks[index] as? Int
        while let stack = place {
          path.append(strings[names[functions[frames[stack]]]])
          place = prefixes[stack] as? Int
        }
        return line(
          Int((times[index] * 1e6).rounded()), weights[index], thread["tid"] as? Int ?? -1,
          path.reversed())
      }
    }
  }

  static func chrome(_ path: String) throws -> [String] {
    let json = try object(path)
    let frames = try #require(json["stackFrames"] as? [String: Object])
    return try #require(json["samples"] as? [Object]).map { sample in
      var names: [String] = []
      var place = sample["sf"] as? String
      while let frame = place.flatMap({ frames[$0] }) {
        names.append(frame["name"] as? String ?? "?")
        place = frame["parent"] as? String
      }
      let time = try #require(sample["ts"] as? Double)
      return line(
        Int((time * 1000).rounded()), try #require(sample["weight"] as? Int),
        sample["tid"] as? Int ?? -1, names.reversed())
    }
  }

  /// Perfetto adds up the weights by CPU, and so they are not compared one by one.
  static func perfetto(_ path: String, start: Int) throws -> [String] {
    let tables = try PerfettoJudge(trace: path).rows(
      "select s.ts, t.tid, s.callsite_id from perf_sample s join thread t using(utid) order by ts",
      "select c.id, c.parent_id, f.name from stack_profile_callsite c "
        + "join stack_profile_frame f on c.frame_id = f.id",
      "select name from stats where severity in ('error','data_loss') and value > 0")
    #expect(tables[2] == [])
    let nodes = Dictionary(uniqueKeysWithValues: tables[1].map { ($0[0], ($0[1], $0[2])) })
    return tables[0].map { row in
      var names: [String] = []
      var place = row[2]
      while let (parent, name) = nodes[place] {
        names.append(name)
        place = parent
      }
      return line((Int(row[0]) ?? 0) - start, 0, Int(row[1]) ?? -1, names.reversed())
    }
  }

  /// Stacks with their sums, without times: `count weight tid names`.
  static func pprof(_ path: String) throws -> [String: [Int]] {
    let raw = try TestSupport.ChildProcess.output(of: "go", ["tool", "pprof", "-raw", path])
    let parts = raw.components(separatedBy: "\nLocations\n")
    let tail = try #require(parts.last).components(separatedBy: "\nMappings\n")[0]
    var names: [String: String] = [:]
    for line in tail.split(separator: "\n") {
      // `  12: 0x10 M=1 n.f3 (optimized) file:line:0 s=0`; a line without a number is inlined.
      let words = line.split(separator: " ")
      guard words.count > 2, let number = words.first, number.hasSuffix(":") else { continue }
      let name = words.drop { !$0.hasPrefix("n.") }.prefix(2).joined(separator: " ")
      names[String(number.dropLast())] = name
    }
    var sums: [String: [Int]] = [:]
    var last: (values: [Int], stack: [String])?
    for line in parts[0].split(separator: "\n") {
      if let (values, stack) = last, line.hasPrefix("                ") {
        let tid = try #require(line.firstMatch(of: /tid:\[(\d+)\]/)).output.1
        let key = "\(tid) \(stack.reversed().joined(separator: ";"))"
        sums[key] = zip(sums[key] ?? [0, 0], values).map { $0 + $1 }
        last = nil
        continue
      }
      let halves = line.split(separator: ":", maxSplits: 1)
      let values = halves[0].split(separator: " ").compactMap { Int($0) }
      guard halves.count == 2, values.count == 2 else { continue }
      last = (values, halves[1].split(separator: " ").map { names[String($0)] ?? "?" })
    }
    return sums
  }
}
