import Foundation

@testable import minivm

/// The mode in which a program is run.
struct Way: Sendable, CustomStringConvertible {
  /// The compilation threshold; nil for only interpretation.
  var threshold: Int?
  var optimizeAfter: Int32 = 2000
  var cacheBytes = 1 << 20
  var moves = false
  var nurseryBytes = 1 << 20
  var arguments: [Int] = []

  static let interpreted = Way()
  static let compiled = [
    Way(threshold: 1), Way(threshold: 3, optimizeAfter: 5),
    Way(threshold: 1, optimizeAfter: 1, nurseryBytes: 1 << 14),
    Way(threshold: 1, optimizeAfter: 2, cacheBytes: 8 << 10, moves: true, nurseryBytes: 1 << 15),
  ]

  var description: String {
    "\(threshold.map { "compiled after \($0)" } ?? "interpreted"), optimized after \(optimizeAfter)"
      + ", \(cacheBytes) bytes of code, moves: \(moves), \(nurseryBytes) bytes of nursery"
  }
}

/// The result of a program.
struct Run {
  var output: [String] = []
  /// The uncaught exception.
  var exception: String?
  var counts = TierCompiler.Counts()
  var collections: UInt32 = 0

  /// Whether the visible results are the same.
  func isSame(as other: Run) -> Bool { output == other.output && exception == other.exception }

  init(_ source: String, _ way: Way, listeners: [any CodeListener] = []) throws {
    let code = try ProgramCompiler.compile(Parser.parse(source))
    let box = Box()
    box.listeners = listeners
    // Test threads may have small stacks, and machine code uses the native one.
    let thread = Thread { box.run(code, way) }
    thread.stackSize = 16 << 20
    thread.start()
    box.end.wait()
    self = box.run
  }

  private init() {}

  /// Read only after the thread has ended.
  private final class Box: @unchecked Sendable {
    var run = Run()
    var listeners: [any CodeListener] = []
    let end = DispatchSemaphore(value: 0)

    func run(_ code: ProgramCode, _ way: Way) {
      var options = Machine.Options()
      options.nurseryBytes = way.nurseryBytes
      options.arguments = way.arguments
      options.output = { [self] in run.output.append($0) }
      let machine = Machine(code, options)
      if let threshold = way.threshold {
        let compiler = TierCompiler.Options(
          cacheBytes: way.cacheBytes, threshold: threshold, optimizeAfter: way.optimizeAfter,
          moves: way.moves)
        machine.compiler = TierCompiler(machine, compiler, listeners: listeners)
      }
      run.exception = machine.run()
      machine.compiler?.finish()
      run.counts = machine.compiler?.counts ?? run.counts
      run.collections = machine.heap.collectionCount
      end.signal()
    }
  }
}
