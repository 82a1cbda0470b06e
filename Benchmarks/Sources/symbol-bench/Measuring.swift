import Glibc
import TraceAnalysis
import TraceEvents
import TraceFormat

/// The measurements; each returns names and figures.
enum Measuring {
  static func seconds() -> Double {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
  }

  /// The maximum memory so far, in bytes.
  static func peakBytes() -> Int {
    var usage = rusage()
    getrusage(RUSAGE_SELF.rawValue, &usage)
    return usage.ru_maxrss * 1024
  }

  private struct Question {
    var address: UInt64
    var time: Int64
    var pid: UInt32
    var isCaller: Bool
  }

  /// Frames per second: looks up every frame of the first samples in the order of time, first
  /// without cached answers (cold), then once more (warm).
  static func resolve(_ path: String, frames limit: Int = 5_000_000) throws -> [(String, Double)] {
    let file = try TraceFile(path: path)
    var questions: [Question] = []
    questions.reserveCapacity(limit)
    let replay = Replay(file)
    replay.on(SampledProfile.self) { _, header in
      let stack = file.stack(header.stack)
      guard questions.count + stack.count <= limit else { throw ReplayStop() }
      for (index, address) in stack.enumerated() {
        let isCaller = index > 0 && (stack[index - 1] >> 63) == (address >> 63)
        questions.append(
          Question(
            address: address, time: header.timestamp, pid: header.pid, isCaller: isCaller))
      }
    }
    try replay.run()
    let begun = seconds()
    let symbolizer = Symbolizer(file)
    try symbolizer.prepare()
    let prepared = seconds()
    let (coldSeconds, named) = ask(symbolizer, questions)
    let (warmSeconds, _) = ask(symbolizer, questions)
    return [
      ("frames", Double(questions.count)), ("prepare_s", prepared - begun),
      ("named", Double(named) / Double(questions.count)),
      ("cold", Double(questions.count) / coldSeconds),
      ("warm", Double(questions.count) / warmSeconds),
    ]
  }

  /// The time to find the addresses in images in a trace's stacks.
  static func hits(_ path: String) throws -> [(String, Double)] {
    let file = try TraceFile(path: path)
    let begun = seconds()
    let places = try HitPlaces(file) { _ in true }
    return [
      ("seconds", seconds() - begun),
      ("images", Double(places.images.count)),
      ("places", Double(places.images.reduce(0) { $0 + $1.places.count })),
      ("is_cut", places.isCut ? 1 : 0),
    ]
  }

  private static func ask(
    _ symbolizer: Symbolizer, _ questions: [Question]
  ) -> (seconds: Double, named: Int) {
    let begun = seconds()
    var named = 0
    for question in questions {
      let answer = symbolizer.resolve(
        pid: question.pid, address: question.address, at: question.time,
        isCaller: question.isCaller)
      if answer.symbolID != nil { named += 1 }
    }
    return (seconds() - begun, named)
  }

  /// Memory for the methods of a trace: of the tables, and of the process while creating them.
  static func prepare(_ path: String) throws -> [(String, Double)] {
    let file = try TraceFile(path: path)
    let before = peakBytes()
    let begun = seconds()
    let symbolizer = Symbolizer(file)
    try symbolizer.prepare()
    return [
      ("prepare_s", seconds() - begun), ("tables_mb", Double(symbolizer.memoryBytes) / 1e6),
      ("peak_mb", Double(peakBytes() - before) / 1e6),
      ("symbols", Double(symbolizer.symbolCount)),
    ]
  }

  /// The writer's cost of a sample, with and without a stack.
  static func write(_ path: String) throws -> [(String, Double)] {
    var workload = Workload(seed: 0x5eed_0123)
    var stacks: [[UInt64]] = []
    for number in 0..<400_000 { stacks.append(workload.stack(of: number % 4)) }
    let depth = Double(stacks.reduce(0) { $0 + $1.count }) / Double(stacks.count)
    let bare = try append(stacks.map { _ in [] }, path)
    let whole = try append(stacks, path)
    return [
      ("depth", depth), ("without_stack_ns", bare), ("with_stack_ns", whole),
      ("stack_ns", whole - bare),
    ]
  }

  private static func append(_ stacks: [[UInt64]], _ path: String) throws -> Double {
    var maker = try TraceMaker(path: path)
    maker.process(1000, "/usr/bin/service")
    maker.stream(0)
    let begun = seconds()
    for (number, stack) in stacks.enumerated() {
      maker.add(
        SampledProfile(weight: 1_000_000, source: .cpuClock), at: UInt64(number) * 125_000,
        pid: 1000, tid: 1000, stack: stack)
      if number % 8000 == 7999 { try maker.flush() }
    }
    try maker.finish()
    return (seconds() - begun) / Double(stacks.count) * 1e9
  }
}
