import Foundation
import TestSupport
import Testing

/// The profiles of waits, as `go tool pprof` reads them.
@Suite(.needs(.program("go")), .serialized) struct GoLockTests {
  private func measured() throws -> Subject {
    try Subject("locks", variables: ["LD_PRELOAD": Subject.lockLibrary])
  }

  /// The cumulative value of a function of the sample in the output of `-top`.
  private func amount(of name: String, in top: String) -> Double {
    for line in top.split(separator: "\n") where line.contains("LockTrial.\(name)(") {
      let words = line.split(separator: " ")
      if words.count > 4 { return Double(words[3].filter { $0.isNumber || $0 == "." }) ?? 0 }
    }
    return 0
  }

  @Test func theOneThatWaitsAndTheOneThatHolds() throws {
    let subject = try measured()
    let block = try subject.pprof("-top", "-unit=ms", "-nodefraction=0", path: "block?seconds=2")
    #expect(block.contains("Type: delay"), "\(block)")
    #expect((200...2500).contains(amount(of: "waits", in: block)), "\(block)")
    let mutex = try subject.pprof("-top", "-unit=ms", "-nodefraction=0", path: "mutex?seconds=2")
    #expect((200...2500).contains(amount(of: "holds", in: mutex)), "\(mutex)")
    #expect(
      amount(of: "holds", in: mutex) > 4 * amount(of: "waits", in: mutex), "\(mutex)")
    let raw = try subject.pprof("-raw", path: "block")
    #expect(raw.contains("contentions/count delay/nanoseconds"), "\(raw)")
    #expect(raw.contains("PeriodType: contentions count\nPeriod: 1\n"), "\(raw)")
    #expect(raw.contains(/LockTrial\.swift:[1-9]/), "\(raw)")
  }

  @Test func sleepsAndInputAreWaits() throws {
    let subject = try measured()
    let block = try subject.pprof("-top", "-unit=ms", "-nodefraction=0", path: "block?seconds=2")
    for name in ["sleeps", "reads"] {
      #expect((1000...2500).contains(amount(of: name, in: block)), "\(name): \(block)")
    }
    // The server's own thread waits for clients all the time.
    #expect(!block.contains("epoll_wait") && !block.contains("Selector"), "\(block)")
  }

  @Test func textIsAsGos() throws {
    let subject = try measured()
    usleep(500_000)
    let block = try subject.get("block?debug=1").text
    #expect(block.hasPrefix("--- contention:\ncycles/second=1000000000\n"), "\(block)")
    #expect(block.contains(/[1-9][0-9]* [1-9][0-9]* @( 0x[0-9a-f]+)+\n/), "\(block)")
    let mutex = try subject.get("mutex?debug=1").text
    #expect(mutex.hasPrefix("--- mutex:\ncycles/second=1000000000\nsampling period=1\n"))
    #expect(try subject.get("block?debug=1&seconds=1").status == 400)
    #expect(try subject.get("").text.contains(/[0-9]+ waits<\/td><td><a href="block/))
  }
}
