import TestSupport
import Testing
import TraceEvents
import TraceFormat

@testable import TraceAnalysis

/// Announcements that are designed to take much time or memory. If anything were quadratic in their
/// number, the time limit would be exceeded by far.
@Suite(.randomized, .timeLimit(.minutes(2))) struct HostileCodeTests {
  private static let count = 60_000
  private let map = CodeMap()

  private func load(
    _ start: UInt64, _ size: UInt64, at time: Int64, _ layer: CodeLayer = .provider,
    pid: UInt32 = 1, symbol: UInt32 = 0
  ) {
    map.load(
      CodeAnnouncement(start: start, size: size, symbol: symbol), layer, pid: pid, at: time)
  }

  private func symbol(_ address: UInt64, at time: Int64, pid: UInt32 = 1) -> UInt32? {
    switch map.find(pid, address, at: time).kind {
    case .code(let row, _), .image(let row, _): map.rows[Int(row)].symbol
    case .nothing: nil
    }
  }

  /// Expects memory for a row, its entry in the index, and a few nodes of it.
  private func expectBoundedMemory(rows: Int = count) {
    #expect(map.memoryBytes < rows * 400 + (4 << 20))
  }

  @Test func rangesThatWrapAndCoverEverything() {
    let places: [(UInt64, UInt64)] = [
      (0, .max), (.max, .max), (.max - 5, 1 << 63), (1 << 63, 1 << 63), (1, .max), (0, 0),
      (.max, 0), (1 << 62, 1 << 63),
    ]
    for (index, place) in places.enumerated() {
      load(place.0, place.1, at: Int64(index) * 1000 + 1, symbol: UInt32(index))
      map.map(
        CodeAnnouncement(start: place.0, size: place.1, symbol: UInt32(index)), .image, pid: 2,
        at: Int64(index) * 1000 + 1, knowsBeginning: index % 2 == 0)
    }
    load(5, 5, at: .min, symbol: 77)
    load(5, 5, at: .max, symbol: 78)
    map.unload(
      CodeAnnouncement(start: 5, size: .max, symbol: 9), .provider, pid: 1, at: .min)
    map.seal()
    for address in [0, 1, 5, 1 << 62, 1 << 63, .max - 1, .max] as [UInt64] {
      for time in [.min, -1, 0, 1500, 7500, .max - 1, .max] as [Int64] {
        for pid in 1...2 as ClosedRange<UInt32> {
          let finding = map.find(pid, address, at: time)
          #expect(finding.from <= time)
        }
      }
    }
    #expect(symbol(10, at: 500) == 0)
    #expect(symbol(1 << 62, at: 8000) == 7)
  }

  @Test func oneAddressAgainAndAgain() {
    for number in 0..<Self.count {
      load(0x1000, 0x100, at: Int64(number) * 10_000, symbol: UInt32(number))
    }
    map.seal()
    #expect(symbol(0x1010, at: 777 * 10_000 + 5000) == 777)
    expectBoundedMemory()
  }

  @Test func eachWithinTheOneBefore() {
    for number in 0..<Self.count {
      let inset = UInt64(number)
      load(inset, UInt64(2 * Self.count) - 2 * inset, at: Int64(number) * 10_000 + 1, .provider)
      map.map(
        CodeAnnouncement(
          start: inset, size: UInt64(2 * Self.count) - 2 * inset, symbol: UInt32(number)),
        .runtimeImage, pid: 1, at: Int64(number) * 10_000 + 1, knowsBeginning: true)
    }
    map.seal()
    #expect(symbol(5, at: .max) == 5)
    // An address in all of them; each was the latest at its time.
    #expect(map.find(1, UInt64(Self.count), at: 100 * 10_000 + 5).until <= 101 * 10_000 + 1)
    #expect(map.memoryBytes < 2 * Self.count * 1200)
  }

  @Test func everythingIsCoveredBetweenSmallOnes() {
    for number in 0..<Self.count {
      let isLarge = number % 64 == 0
      load(
        isLarge ? 0 : UInt64(number % 4096) * 16, isLarge ? 1 << 63 : 16,
        at: Int64(number) * 10_000, symbol: UInt32(number))
    }
    map.seal()
    #expect(symbol(1 << 40, at: 64 * 10_000 + 5000) == 64)
    expectBoundedMemory()
  }

  @Test func timesThatRunBackwards() {
    for number in 0..<Self.count {
      load(
        UInt64(number % 512) * 8, 16, at: Int64(Self.count - number) * 10_000,
        symbol: UInt32(number))
    }
    map.seal()
    #expect(map.find(1, 0, at: 5).from <= 5)
    expectBoundedMemory()
  }

  @Test func onlyEndsAreTold() {
    for number in 0..<Self.count {
      map.unload(
        CodeAnnouncement(
          start: UInt64(number % 512) * 8, size: 0x400, symbol: UInt32(number)), .provider,
        pid: 1, at: Int64(number) * 10_000)
    }
    map.seal()
    expectBoundedMemory()
  }

  @Test func aHundredThousandProcessesThatForkEachOther() {
    let processes: UInt32 = 100_000
    for pid in 1...processes {
      let time = Int64(pid) * 1000
      if pid > 1 { map.processStarted(pid, parent: pid - 1, at: time) }
      load(UInt64(pid) * 0x100, 0x100, at: time + 1, pid: pid, symbol: pid)
      if pid % 3 == 0 { map.processRenewed(pid, at: time + 2) }
      if pid % 2 == 0 { map.processStopped(pid, at: time + 3) }
    }
    map.seal()
    // Code inherited from the parent and the grandparent.
    #expect(symbol(500 * 0x100, at: 502_500, pid: 502) == nil)
    #expect(symbol(505 * 0x100 + 5, at: 506_002, pid: 506) == 505)
    #expect(map.memoryBytes < Int(processes) * 1000)
  }

  @Test func onePIDThatIsOthersAgainAndAgain() {
    for number in 0..<Self.count {
      map.processRenewed(1, at: Int64(number) * 100_000)
      load(0x1000, 0x100, at: Int64(number) * 100_000 + 10, symbol: UInt32(number))
    }
    map.seal()
    #expect(symbol(0x1010, at: 4_000_050_000) == 40_000)
    expectBoundedMemory(rows: 2 * Self.count)
  }

  /// The same through a file, whose content is not trusted either.
  @Test func aFileOfNonsense() throws {
    var random = SeededGenerator(11)
    let trace = try NamedTrace { trace in
      for number in 0..<20_000 as Range<UInt64> {
        let start = UInt64.random(in: .min ... .max, using: &random)
        let pid = UInt32.random(in: 1...4, using: &random)
        let time = number * 1000
        switch number % 5 {
        case 0:
          trace.add(
            CodeLoad(
              address: start, size: .max, codeIndex: start, source: .jitdump, name: "",
              since: start), at: time, pid: pid)
        case 1:
          trace.add(
            CodeMove(
              oldAddress: start, newAddress: ~start, size: start, codeIndex: 0, since: .max),
            at: time, pid: pid)
        case 2:
          trace.add(
            ImageMap(baseAddress: start, size: start, fileOffset: .max, path: "/x"), at: time,
            pid: pid)
        case 3:
          trace.add(
            CodeLines(
              address: start, addresses: [0, .max, start], lines: [1, 2], files: ["a", "a", "a"]),
            at: time, pid: pid)
        default: trace.sample(at: time, pid: pid, stack: [start, ~start, 0, .max])
        }
      }
    }
    let stacks = try trace.stacks()
    #expect(!stacks.isEmpty)
  }
}
