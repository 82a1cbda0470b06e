import Foundation
import TestSupport
import Testing
import TraceEvents
import TraceFormat

@testable import TraceImport

/// A sample as an imported trace has it, in the terms of `perf script`: a frame of a program is an
/// offset in its image.
struct ImportedSample: Hashable, Comparable {
  var time: UInt64
  var pid: Int32
  var tid: Int32
  var event: String
  var period: UInt64
  var frames: [String] = []

  static func < (one: Self, other: Self) -> Bool {
    (one.time, one.tid, one.event, one.frames.joined())
      < (other.time, other.tid, other.event, other.frames.joined())
  }
}

/// A trace made of a recording, and its samples.
struct ImportedRecording {
  var report: ImportReport
  var file: TraceFile
  var samples: [ImportedSample] = []

  init(_ source: ImportSource, callersAreBefore: Bool = false) throws {
    let memory = MemorySink()
    report = try PerfDataImporter().convert(source, to: memory)
    file = try TraceFile(bytes: memory.bytes)
    samples = try Self.samples(file, callersAreBefore: callersAreBefore).sorted()
  }

  init(path: String, callersAreBefore: Bool = false) throws {
    try self.init(ImportSource(path: path), callersAreBefore: callersAreBefore)
  }

  private static func samples(
    _ file: TraceFile, callersAreBefore: Bool
  ) throws -> [ImportedSample] {
    var maps = RecordedMaps()
    var samples: [ImportedSample] = []
    let replay = Replay(file)
    replay.on(ImageMap.self) { maps.add($0, $1.pid) }
    replay.on(ProcessStart.self) { event, header in
      if !header.flags.contains(.rundown) { maps.fork(header.pid, from: event.parentPID) }
    }
    replay.on(ProcessExec.self) { maps.exec($1.pid) }
    replay.onAny { event in
      let schema = file.eventTypes[event.typeIndex].schema
      guard let (name, period) = kind(schema, event) else { return }
      var addresses = file.stack(event.header.stack)
      if addresses.last == StackNode.lostAddress { addresses.removeLast() }
      let frames = addresses.enumerated().map { index, address in
        let isCaller =
          index > 0 && callersAreBefore && !StackAddress.isKernel(address)
          && !StackAddress.isKernel(addresses[index - 1])
        return maps.shown(address &- (isCaller ? 1 : 0), event.header.pid)
      }
      samples.append(
        ImportedSample(
          time: event.header.ticks, pid: Int32(bitPattern: event.header.pid),
          tid: Int32(bitPattern: event.header.tid), event: name, period: period, frames: frames))
    }
    try replay.run()
    return samples
  }

  /// The event's name and weight; nil for what is not a sample.
  private static func kind(
    _ schema: EventSchema, _ event: borrowing RawEvent
  ) -> (String, UInt64)? {
    switch (schema.provider, schema.name) {
    case ("System", "SampledProfile"): ("cpu", event.word(event.fieldCount == 3 ? 2 : 0))
    case ("System", "ContextSwitch"): event.word(0) == 0 ? nil : ("sched:sched_switch", 1)
    case ("System", "ReadyThread"): ("sched:sched_waking", 1)
    case ("System", _): nil
    case ("perf", let name): (name, event.word(0))
    case (let system, let name):
      (
        "\(system):\(name)",
        schema.fields.last?.name == "period" ? event.word(event.fieldCount - 1) : 1
      )
    }
  }
}

/// What processes had mapped, as `perf script` looks it up.
private struct RecordedMaps {
  private var maps: [UInt32: [ImageMap]] = [:]

  mutating func add(_ map: ImageMap, _ pid: UInt32) { maps[pid, default: []].append(map) }
  mutating func fork(_ pid: UInt32, from parent: UInt32) { maps[pid] = maps[parent] }
  mutating func exec(_ pid: UInt32) { maps[pid] = [] }

  func shown(_ address: UInt64, _ pid: UInt32) -> String {
    let map = maps[pid]?.last { address >= $0.baseAddress && address - $0.baseAddress < $0.size }
    guard let map, !StackAddress.isKernel(address), map.path.hasPrefix("/") || map.path == "[vdso]",
      !map.path.hasPrefix("//anon")
    else { return String(address, radix: 16) }
    return String(address - map.baseAddress + map.fileOffset, radix: 16)
  }
}

/// The samples that `perf script` shows.
enum PerfScript {
  static let requirement = Requirement.program("perf")

  static func samples(_ path: String, cpuEvent: String = "cpu-clock") throws -> [ImportedSample] {
    let perf = try runPerf(["script", "-i", path, "-F", "pid,tid,time,event,period,ip", "--ns"])
    try #require(perf.wait() == 0, "\(perf.errors)")
    var samples: [ImportedSample] = []
    for line in perf.output.split(separator: "\n") {
      if line.hasPrefix("\t") {
        // Names follow in recordings of pipes, and marks of inlined calls.
        let address = line.dropFirst().split(separator: " ").first ?? ""
        // A chain of frame pointers may end with 0, which is no frame.
        if address != "0" { samples[samples.count - 1].frames.append(String(address)) }
        continue
      }
      guard let sample = sample(line, cpuEvent) else { continue }
      samples.append(sample)
    }
    return samples.sorted()
  }

  /// Reads `77/78 12.000000345:     1001001 cpu-clock:pppH:  frame`.
  private static func sample(_ line: Substring, _ cpuEvent: String) -> ImportedSample? {
    let words = line.split(separator: " ")
    guard words.count >= 4, words[1].last == ":", words[3].last == ":" else { return nil }
    let ids = words[0].split(separator: "/").compactMap { Int32($0) }
    let clock = words[1].dropLast().split(separator: ".").compactMap { UInt64($0) }
    guard ids.count == 2, clock.count == 2, let period = UInt64(words[2]) else { return nil }
    let event = String(words[3].dropLast())
    let name = event.hasPrefix(cpuEvent) ? "cpu" : event
    return ImportedSample(
      time: clock[0] * 1_000_000_000 + clock[1], pid: ids[0], tid: ids[1], event: name,
      period: period, frames: words.dropFirst(4).map(String.init))
  }
}

/// Records a program with perf.
func perfRecord(_ options: [String], _ command: [String], to path: String) throws {
  let perf = try runPerf(["record", "-q", "-o", path] + options + ["--"] + command)
  try #require(perf.wait() == 0, "\(perf.errors)")
}

/// Runs perf to its end; again if it crashes, as some builds of it do now and then.
func runPerf(
  _ arguments: [String], program: String = "perf", directory: String? = nil
) throws -> ChildProcess {
  let crash = 128
  var errors = ""
  for _ in 0..<8 {
    let perf = try ChildProcess(program, arguments, directory: directory)
    let code = try perf.wait()
    // A shell that ran perf tells of its signal by a high code.
    if code >= 0 && code < crash { return perf }
    errors = perf.errors
  }
  throw PerfCrash(errors: errors)
}

/// perf crashes whenever it is run so. `perf script` of some builds does with a few recordings.
struct PerfCrash: Error {
  var errors: String
}
