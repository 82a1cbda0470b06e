import TracePprof

/// A server of profiles beside work whose CPU time is known: `heavy` takes three times as much as
/// `light`.
///
///     pprof-server [PORT [TOKEN]]
@main
enum PprofSample {
  static func main() throws {
    var options = PprofOptions()
    let arguments = CommandLine.arguments.dropFirst()
    options.port = arguments.first.flatMap { Int($0) } ?? options.port
    let word = arguments.dropFirst().first
    if word == "rounds" { return try Trials.startAndStop(options) }
    let trial = word.flatMap { Trial(rawValue: $0) }
    if let word, trial == nil { options.token = word }
    if trial == .small { options.traceBytesMax = 100_000 }
    let server = try PprofServer.start(options)
    trial?.begin()
    print(server.address)
    var sum: UInt64 = 0
    while sum != 1 {
      sum = work(sum)
      trial?.round()
    }
  }

  @inline(never) static func work(_ seed: UInt64) -> UInt64 { heavy(light(seed)) }

  @inline(never) static func heavy(_ seed: UInt64) -> UInt64 { spin(3_000_000, seed) }

  @inline(never) static func light(_ seed: UInt64) -> UInt64 { spin(1_000_000, seed) }

  /// Inlined into both.
  @inline(__always) static func spin(_ count: Int, _ seed: UInt64) -> UInt64 {
    var value = seed | 2
    for _ in 0..<count { value = value &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407 }
    return value | 2
  }
}
