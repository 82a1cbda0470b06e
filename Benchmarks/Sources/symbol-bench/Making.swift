import TraceEvents
import TraceFormat

/// Creates traces for the measurements.
enum Making {
  struct Size {
    var samples = 1_000_000
    var methods = 100_000
  }

  /// Writes samples of four processes, and the methods that they run in.
  static func write(_ path: String, _ size: Size) throws {
    var workload = Workload(seed: 0x5eed_0123)
    var maker = try TraceMaker(path: path)
    begin(&maker, hasMethods: size.methods > 0)
    var churn = Churn(size.methods)
    churn.loadCore(into: &maker)
    let threads = Workload.processCount * Workload.threadsPerProcess
    let nanosecondsPerSample = UInt64(1_000_000 / threads)
    let batch = 80
    var sample = 0
    while sample < size.samples {
      let end = min(sample + batch, size.samples)
      for stream in 0..<2 as Range<UInt32> {
        maker.stream(stream)
        for number in sample..<end where number % 2 == Int(stream) {
          let thread = number % threads
          let process = thread % Workload.processCount
          let pid = UInt32(1000 + process)
          maker.add(
            SampledProfile(weight: 1_000_000, source: .cpuClock),
            at: 1_000_000 + UInt64(number) * nanosecondsPerSample, pid: pid,
            tid: pid + UInt32(thread / Workload.processCount),
            stack: workload.stack(of: process))
        }
      }
      let time = 1_000_000 + UInt64(end) * nanosecondsPerSample
      churn.advance(to: Double(end) / Double(size.samples), at: time, into: &maker)
      if sample / 8000 != end / 8000 { try maker.flush() }
      sample = end
    }
    try maker.finish()
  }

  private static func begin(_ maker: inout TraceMaker, hasMethods: Bool) {
    maker.stream(2)
    for process in 0..<Workload.processCount {
      let pid = UInt32(1000 + process)
      maker.process(pid, "/usr/bin/service\(process)")
      maker.add(
        ProcessStart(parentPID: 1, name: "service\(process)"), at: 0, pid: pid, tid: pid,
        isRundown: true)
      for image in 0..<Workload.imageCount {
        maker.add(
          ImageMap(
            baseAddress: Workload.imageBase + UInt64(image) * Workload.imageBytes,
            size: Workload.imageBytes, fileOffset: 0, path: "/usr/lib/libservice\(image).so",
            buildID: [UInt8](repeating: UInt8(image + 1), count: 20)),
          at: 1, pid: pid, tid: pid, isRundown: true)
      }
    }
    guard hasMethods else { return }
    for image in 0..<Workload.imageCount {
      maker.define(
        ImageSymbols(
          kind: .file, path: "/usr/lib/libservice\(image).so",
          buildID: [UInt8](repeating: UInt8(image + 1), count: 20),
          functions: (0..<Workload.functionsPerImage).map {
            ImageFunction(
              offset: UInt64($0) * Workload.slotBytes, size: Workload.slotBytes,
              name: "_ZN7service6handle\($0)Ev")
          }))
    }
  }

  /// Short-lived methods at the same addresses.
  private struct Churn {
    private let perProcess: Int
    private var loaded = 0
    private var occupants = [Int?](
      repeating: nil, count: Workload.processCount * Workload.churnSlots)

    init(_ methods: Int) { perProcess = methods / Workload.processCount }

    mutating func loadCore(into maker: inout TraceMaker) {
      loaded = min(Workload.coreMethods, perProcess)
      for process in 0..<Workload.processCount {
        for number in 0..<loaded {
          maker.add(
            Workload.method(
              process * perProcess + number,
              at: Workload.coreBase + UInt64(number) * Workload.slotBytes),
            at: 2, pid: UInt32(1000 + process), tid: UInt32(1000 + process), isRundown: true)
        }
      }
    }

    /// Loads the methods that are due when a share of the trace has passed.
    mutating func advance(to share: Double, at time: UInt64, into maker: inout TraceMaker) {
      let first = min(Workload.coreMethods, perProcess)
      let due = first + Int(Double(perProcess - first) * share)
      guard due > loaded else { return }
      maker.stream(2)
      for number in loaded..<due {
        for process in 0..<Workload.processCount {
          let pid = UInt32(1000 + process)
          // Addresses are reused in an order different from their own.
          let slot = (number &* 2477) % Workload.churnSlots
          let start = Workload.churnBase + UInt64(slot) * Workload.slotBytes
          let place = process * Workload.churnSlots + slot
          if let old = occupants[place] {
            maker.add(Workload.unload(old, at: start), at: time, pid: pid, tid: pid)
          }
          let method = process * perProcess + number
          maker.add(Workload.method(method, at: start), at: time, pid: pid, tid: pid)
          occupants[place] = method
        }
      }
      loaded = due
    }
  }

  /// Writes only methods of one process; every address is used four times.
  static func writeMethods(_ path: String, _ count: Int) throws {
    var maker = try TraceMaker(path: path)
    maker.process(1000, "/usr/bin/service")
    maker.stream(2)
    let slots = max(count / 4, 1)
    for number in 0..<count {
      let slot = number &* 2477 % slots
      maker.add(
        Workload.method(number, at: Workload.coreBase + UInt64(slot) * Workload.slotBytes),
        at: UInt64(number) * 10_000, pid: 1000, tid: 1000)
    }
    try maker.finish()
  }
}
