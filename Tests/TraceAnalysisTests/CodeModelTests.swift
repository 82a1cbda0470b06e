import TestSupport
import Testing

@testable import TraceAnalysis

/// Compares the code map with the model, for random announcements in random order.
@Suite(.randomized) struct CodeModelTests {
  /// The map and the model, with the same announcements.
  private final class Pair {
    static let timeLimit: Int64 = 4000
    let options: SymbolizerOptions
    let map: CodeMap
    var processes: [UInt32: [CodeModel.Process]] = [:]
    var random: SeededGenerator
    var told: [CodeModel.Life] = []
    var times: Set<Int64> = []

    init(seed: UInt64) {
      var options = SymbolizerOptions()
      options.slackNanoseconds = 100
      options.perfMapSlackNanoseconds = 300
      options.clockEdgeNanoseconds = 3
      self.options = options
      map = CodeMap(options: options)
      random = SeededGenerator(seed)
    }

    func pick<T>(_ values: [T]) -> T { values.randomElement(using: &random)! }
    func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    /// A time that was not used yet, because the order of simultaneous events is not defined.
    func time(after earlier: Int64) -> Int64 {
      while true {
        let disorder = chance(25) ? Int64.random(in: -400...0, using: &random) : 0
        let time = max(1, earlier + Int64.random(in: 1...90, using: &random) + disorder)
        if times.insert(time).inserted { return time }
      }
    }

    // MARK: The model's processes

    func known(_ pid: UInt32, at time: Int64) -> CodeModel.Process? {
      guard let lives = processes[pid] else { return nil }
      let edge = options.clockEdgeNanoseconds
      if let last = lives.last(where: { $0.from <= time }),
        time < last.until || time - last.until <= edge
      {
        return last
      }
      return lives.first { $0.from > time && $0.from - time <= edge }
    }

    func current(_ pid: UInt32) -> CodeModel.Process {
      if let last = processes[pid]?.last { return last }
      let process = CodeModel.Process(from: .min, parent: nil)
      processes[pid] = [process]
      return process
    }

    func begin(_ pid: UInt32, _ parent: CodeModel.Process?, _ time: Int64) {
      end(pid, time)
      let from = max(time, processes[pid]?.last?.from ?? .min)
      processes[pid, default: []].append(CodeModel.Process(from: from, parent: parent))
    }

    func end(_ pid: UInt32, _ time: Int64) {
      guard let last = processes[pid]?.last else { return }
      last.until = min(last.until, max(time, last.from))
    }
  }

  private func code(_ pair: Pair) -> CodeModel.Life {
    if !pair.told.isEmpty, pair.chance(30) { return pair.pick(pair.told) }
    let start = Int.random(in: 0..<CodeModel.addressCount, using: &pair.random)
    let size = pair.pick([1, 2, 4, 4, 4, 8, 20])
    let life = CodeModel.Life(
      range: start..<min(start + size, CodeModel.addressCount), from: 0, formerEnd: 0,
      identity: pair.pick([0, 0, 1, 2]),
      name: UInt32.random(in: 1...1_000_000, using: &pair.random),
      doubt: pair.pick([0, 0, 1, 30, 200]))
    pair.told.append(life)
    return life
  }

  private func announcement(_ code: CodeModel.Life) -> CodeAnnouncement {
    CodeAnnouncement(
      start: CodeModel.base + UInt64(code.range.lowerBound), size: UInt64(code.range.count),
      identity: code.identity, symbol: code.name == 0 ? CodeRow.none : code.name,
      traits: code.isAnonymous ? .anonymous : [], doubt: UInt32(code.doubt))
  }

  /// Executes a random step at a time.
  private func step(_ pair: Pair, _ time: Int64) {
    let pid = UInt32.random(in: 1...3, using: &pair.random)
    let process = { pair.known(pid, at: time) ?? pair.current(pid) }
    let layer = pair.pick([CodeLayer.jitdump, .provider, .provider, .provider, .perfMap])
    var code = code(pair)
    let knowsBeginning = pair.chance(80)
    switch Int.random(in: 0..<100, using: &pair.random) {
    case 0..<45:
      pair.map.load(
        announcement(code), layer, pid: pid, at: time, knowsBeginning: knowsBeginning)
      process().change(layer, pair.options) {
        $0.load(code, at: time, knowsBeginning: knowsBeginning)
      }
    case 45..<65:
      if pair.chance(20) { code.name = 0 }
      pair.map.unload(announcement(code), layer, pid: pid, at: time)
      process().change(layer, pair.options) { $0.unload(code, at: time) }
    case 65..<72:
      let old = pair.pick(pair.told).range.lowerBound
      pair.map.move(
        announcement(code), from: CodeModel.base + UInt64(old), layer, pid: pid, at: time)
      process().change(layer, pair.options) { $0.move(code, from: old, at: time) }
    case 72..<75:
      pair.map.clear(layer, pid: pid, at: time)
      if process().knows(layer) {
        process().change(layer, pair.options) {
          $0.vacate(0..<CodeModel.addressCount, at: time)
        }
      }
    case 75..<90: mapOrUnmap(pair, code, process(), pid, time, knowsBeginning)
    default: changeProcess(pair, pid, time)
    }
  }

  private func mapOrUnmap(
    _ pair: Pair, _ code: CodeModel.Life, _ process: CodeModel.Process, _ pid: UInt32,
    _ time: Int64, _ knowsBeginning: Bool
  ) {
    let layer = pair.pick([CodeLayer.image, .image, .runtimeImage])
    var image = code
    image.isAnonymous = pair.chance(30)
    image.doubt = 0
    if pair.chance(10) {
      let isSure = pair.chance(50)
      pair.map.replaceMemory(
        announcement(image).start, size: UInt64(image.range.count), isSure: isSure, pid: pid,
        at: time)
      if isSure { return vacateCode(pair, process, image.range, time) }
      for layer in process.spaces.keys where layer != .image && layer != .runtimeImage {
        process.change(layer, pair.options) { $0.doubt(image.range, at: time) }
      }
      return
    }
    if layer == .runtimeImage, pair.chance(30) {
      pair.map.unmap(
        announcement(image).start, size: UInt64(image.range.count), layer, pid: pid, at: time)
      process.change(layer, pair.options) { $0.vacate(image.range, at: time) }
      return
    }
    let endsCode = knowsBeginning && layer == .image && !image.isAnonymous
    let taken = endsCode ? image.range.filter { !process.maps(image, at: $0, time) } : []
    pair.map.map(announcement(image), layer, pid: pid, at: time, knowsBeginning: knowsBeginning)
    process.change(layer, pair.options) {
      $0.load(image, at: time, knowsBeginning: knowsBeginning)
    }
    for run in runs(taken) { vacateCode(pair, process, run, time) }
  }

  private func runs(_ addresses: [Int]) -> [Range<Int>] {
    addresses.reduce(into: []) { runs, address in
      if let last = runs.last, last.upperBound == address {
        runs[runs.count - 1] = last.lowerBound..<address + 1
      } else {
        runs.append(address..<address + 1)
      }
    }
  }

  private func vacateCode(
    _ pair: Pair, _ process: CodeModel.Process, _ range: Range<Int>, _ time: Int64
  ) {
    for compiled in [CodeLayer.jitdump, .provider, .perfMap] where process.knows(compiled) {
      process.change(compiled, pair.options) {
        guard process.parent != nil || !$0.owners(in: range).isEmpty else { return }
        $0.vacate(range, at: time)
      }
    }
  }

  private func changeProcess(_ pair: Pair, _ pid: UInt32, _ time: Int64) {
    switch Int.random(in: 0..<3, using: &pair.random) {
    case 0:
      let other = UInt32.random(in: 1...3, using: &pair.random)
      guard other != pid else { return }
      let parent =
        pair.processes[other] == nil
        ? pair.current(other)
        : pair.processes[other]?.last { $0.from <= time && time < $0.until }
      pair.map.processStarted(pid, parent: other, at: time)
      pair.begin(pid, parent, time)
    case 1:
      pair.map.processRenewed(pid, at: time)
      pair.begin(pid, nil, time)
    default:
      pair.map.processStopped(pid, at: time)
      pair.end(pid, time)
    }
  }

  // MARK: Lookups

  private func found(_ finding: Finding, _ pair: Pair) -> CodeModel.Answer {
    switch finding.kind {
    case .code(let row, let isLate):
      .code(
        pair.map.rows[Int(row)].symbol, isLate: isLate, isUncertain: finding.isUncertain)
    case .image(let row, let isLate):
      .image(pair.map.rows[Int(row)].symbol, isLate: isLate)
    case .nothing(let reason, _): .nothing(reason)
    }
  }

  /// The error in the answer for an address at a time, or in its time range, if any.
  private func fault(_ pair: Pair, _ pid: UInt32, _ address: Int, _ time: Int64) -> String? {
    func model(_ time: Int64) -> CodeModel.Answer {
      CodeModel.answer(pair.known(pid, at: time), address, time, pair.options)
    }
    let finding = pair.map.find(pid, CodeModel.base + UInt64(address), at: time)
    let answer = found(finding, pair)
    let place = "pid \(pid), address \(address), time \(time)"
    guard answer == model(time) else { return "\(place): \(answer), and not \(model(time))" }
    guard finding.from <= time, time < finding.until else {
      return "\(place): holds from \(finding.from) until \(finding.until)"
    }
    let first = max(finding.from, -Pair.timeLimit)
    let last = min(finding.until, 3 * Pair.timeLimit) - 1
    for other in [first, last, Int64.random(in: first...last, using: &pair.random)]
    where model(other) != answer {
      return "\(place): \(answer) is not so at \(other), \(finding.from)..<\(finding.until)"
    }
    return nil
  }

  private func firstFault(seed: UInt64) -> String? {
    let pair = Pair(seed: seed)
    var time: Int64 = 0
    for _ in 0..<Int.random(in: 1...60, using: &pair.random) {
      let next = pair.time(after: time)
      step(pair, next)
      time = max(time, next)
    }
    pair.map.seal()
    for _ in 0..<150 {
      let near = pair.pick([0, 0, 1, -1, 3, 4, -3, -4, -100, -101, -300, -301, 50] as [Int64])
      let moment = pair.chance(80) ? pair.pick(Array(pair.times.sorted())) + near : time / 2
      let address = Int.random(in: 0..<CodeModel.addressCount, using: &pair.random)
      if let fault = fault(pair, UInt32.random(in: 1...3, using: &pair.random), address, moment) {
        return fault
      }
    }
    return nil
  }

  @Test func everythingIsAsTheModelHasIt() {
    var faults = 0
    for seed in 1...400 as ClosedRange<UInt64> where faults < 5 {
      guard let fault = firstFault(seed: seed) else { continue }
      faults += 1
      Issue.record("seed \(seed): \(fault)")
    }
  }
}
