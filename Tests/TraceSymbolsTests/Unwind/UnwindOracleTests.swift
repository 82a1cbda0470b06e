import CDW
import Foundation
import TestSupport
import Testing

@testable import TraceSymbols

/// A running C program, stopped at arbitrary positions: its callers are compared with libdw's.
@Suite(.serialized, .needs(.x86, .program("cc"), .ptrace))
struct UnwindOracleTests {
  static let builds: [[String]] = [
    ["-O2", "-fomit-frame-pointer"],
    ["-O1", "-fno-omit-frame-pointer"],
    ["-O2", "-fomit-frame-pointer", "-fcf-protection=full", "-Wl,-z,lazy", "-no-pie"],
  ]

  static let stops = 150

  @Test(arguments: builds) func sameCallersAsLibdw(flags: [String]) throws {
    let target = try UnwindTarget(flags: flags)
    let unwinder = Unwinder()
    var same = 0
    var depths: Set<Int> = []
    for _ in 0..<Self.stops {
      let stopped = try #require(
        StoppedThread(processID: target.processID, stackByteCount: 256 << 10))
      let (frames, _) = stopped.unwind(with: unwinder, processID: UInt32(target.processID))
      depths.insert(frames.count)
      if frames == stopped.frames { same += 1 }
      // A stack may be incomplete, but its frames are correct.
      #expect(stopped.frames.starts(with: frames), "\(frames) against \(stopped.frames)")
      usleep(500)
    }
    #expect(same * 100 >= Self.stops * 97, "\(same) of \(Self.stops)")
    #expect(depths.count > 3)
  }
}
