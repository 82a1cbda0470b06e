import Foundation
import Glibc

/// Runs code for which the kernel's events are refused, as in most containers.
public enum PerfForbidden {
  struct Failure: Error, CustomStringConvertible {
    var description: String
  }

  private final class Outcome<Result>: @unchecked Sendable {
    var result: Swift.Result<Result, any Error>?
    var body: (() throws -> Result)?
  }

  /// Runs `body` on a separate thread. On this thread, and in everything that it starts, the system
  /// calls with the given numbers fail with EPERM; by default perf_event_open.
  public static func run<Result>(
    _ calls: [UInt32] = [callNumber], _ body: @escaping () throws -> Result
  ) throws -> Result {
    let outcome = Outcome<Result>()
    outcome.body = body
    let hasEnded = DispatchSemaphore(value: 0)
    let thread = Thread {
      outcome.result = Swift.Result {
        try forbid(calls)
        return try outcome.body!()
      }
      outcome.body = nil
      hasEnded.signal()
    }
    thread.stackSize = 4 << 20
    thread.start()
    hasEnded.wait()
    return try outcome.result!.get()
  }

  private struct Instruction {
    var code: UInt16
    var ifTrue: UInt8 = 0
    var ifFalse: UInt8 = 0
    var operand: UInt32
  }

  private struct Program {
    var count: UInt16
    var instructions: UnsafeMutablePointer<Instruction>
  }

  #if arch(x86_64)
    public static let callNumber: UInt32 = 298
  #else
    public static let callNumber: UInt32 = 241
  #endif

  /// seccomp(2), for the calling thread.
  private static func forbid(_ calls: [UInt32]) throws {
    typealias Call = @convention(c) (Int32, UInt, UInt, UInt, UInt) -> Int32
    guard let symbol = dlsym(nil, "prctl") else { throw Failure(description: "no prctl") }
    let prctl = unsafeBitCast(symbol, to: Call.self)
    // Loads the call's number; returns EPERM for the given calls, and allows all others.
    var filter = [Instruction(code: 0x20, operand: 0)]
    for (index, call) in calls.enumerated() {
      filter.append(Instruction(code: 0x15, ifTrue: UInt8(calls.count - index), operand: call))
    }
    filter.append(Instruction(code: 0x06, operand: 0x7fff_0000))
    filter.append(Instruction(code: 0x06, operand: 0x0005_0000 | UInt32(EPERM)))
    let code = filter.withUnsafeMutableBufferPointer { filter in
      var program = Program(
        count: UInt16(filter.count), instructions: filter.baseAddress!)
      return withUnsafeMutablePointer(to: &program) { program in
        prctl(noNewPrivileges, 1, 0, 0, 0) == 0
          ? prctl(setFilter, 2, UInt(bitPattern: program), 0, 0) : -1
      }
    }
    guard code == 0 else {
      throw Failure(description: "seccomp: \(String(cString: strerror(errno)))")
    }
  }

  private static let noNewPrivileges: Int32 = 38
  private static let setFilter: Int32 = 22
}
