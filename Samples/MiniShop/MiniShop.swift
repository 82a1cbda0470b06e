import ArgumentParser
import Glibc
import TraceEvents
import TraceProvider

/// A toy server: its requests have a name, take some CPU time and some waiting, and are traced.
@main
struct MiniShop: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "minishop",
    abstract: "A toy server whose requests are traced; prints what it measured itself.")

  @Option(help: "Number of requests.")
  var requests = 100

  @Option(help: "Number of threads that handle requests.")
  var threads = 2

  func validate() throws {
    guard (0...1_000_000).contains(requests), (1...64).contains(threads) else {
      throw ValidationError("--requests must be up to 1000000, --threads from 1 to 64")
    }
  }

  func run() throws {
    Shop.provider.register()
    let (requests, threads) = (requests, threads)
    let workers = (0..<threads).map { first in
      Worker {
        stride(from: first, to: requests, by: threads).reduce(into: Tally()) { tally, number in
          Request(number: UInt64(number)).handle(&tally)
        }
      }
    }
    let tally = workers.reduce(into: Tally()) { $0.add($1.join()) }
    for (route, count) in tally.counts.sorted(by: { $0.key < $1.key }) {
      print("\(route) \(count) requests, \(tally.nanoseconds[route] ?? 0) ns")
    }
  }
}

/// What the server measured itself.
struct Tally: Sendable {
  var counts: [String: Int] = [:]
  var nanoseconds: [String: UInt64] = [:]

  mutating func add(_ other: Tally) {
    counts.merge(other.counts, uniquingKeysWith: +)
    nanoseconds.merge(other.nanoseconds, uniquingKeysWith: +)
  }
}

/// A request for a page of the shop.
struct Request {
  let number: UInt64

  private var route: String {
    number % 10 == 9 ? "POST /checkout" : number % 3 == 0 ? "GET /search" : "GET /item"
  }

  func handle(_ tally: inout Tally) {
    let start = Self.now()
    Shop.provider.emit(RequestStart(id: number, route: route))
    switch route {
    case "POST /checkout": pay()
    case "GET /search": compute(rounds: 200_000)
    default: compute(rounds: 20_000)
    }
    Shop.provider.emit(RequestStop(id: number, status: 200))
    tally.counts[route, default: 0] += 1
    tally.nanoseconds[route, default: 0] += Self.now() - start
  }

  /// Waits for the bank, which is slower every fifth time.
  private func pay() {
    for attempt in 1...(number % 50 == 49 ? 3 : 1) as ClosedRange<UInt32> {
      usleep(2000)
      Shop.provider.emit(BankAsked(attempt: attempt))
    }
  }

  private func compute(rounds: Int) {
    var value = number
    for _ in 0..<rounds { value = (value ^ (value >> 31)) &* 0x94d0_49bb_1331_11eb &+ 1 }
    if value == 0 { print("zero") }
  }

  private static func now() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}
