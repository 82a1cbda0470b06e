import Testing

@testable import TraceJVM

@Suite struct StallLineTests {
  @Test func aStallHasThreadTimeAndLength() throws {
    let line = try #require(
      StallLine("[50818129582139ns][11863] Allocation Stall (worker (a) 2) 32.533ms"))
    #expect(line.until == 50_818_129_582_139 && line.thread == 11863)
    #expect(line.name == "worker (a) 2" && line.duration_ns == 32_533_000)
    // A name may resemble the rest of the line.
    let odd = StallLine("[1ns][2] Allocation Stall (x) 9.999ms) 0.001ms")
    #expect(odd?.name == "x) 9.999ms" && odd?.duration_ns == 1000)
  }

  @Test(arguments: [
    "", "[", "[1ns]", "[1ns][2]", "[1ns][2] GC(3) Garbage Collection (Allocation Stall) 1M->2M",
    "[1ns][2] Allocation Stall (main)", "[1ns][2] Allocation Stall (main) ms",
    "[1ns][2] Allocation Stall (main) 1.2ms", "[xns][2] Allocation Stall (main) 1.234ms",
    "[1ns][99999999999] Allocation Stall (main) 1.234ms",
    "[1ns][2] Allocation Stall (main) 99999999999999999.234ms",
  ])
  func otherLinesAreNone(_ line: String) { #expect(StallLine(line) == nil) }
}
