import Foundation
import TestSupport
import Testing

@testable import minivm

/// Programs behave the same interpreted and compiled, with and without optimization.
@Suite(.randomized, .needs(.x86)) struct EqualityTests {
  private static let programs =
    #filePath.split(separator: "/").dropLast(3)
    .reduce("") { $0 + "/" + $1 } + "/Samples/MiniVM/programs/"

  @Test(arguments: ["binary-trees", "closures", "exceptions", "fannkuch", "json", "n-body"])
  func knownPrograms(name: String) throws {
    let source = try String(contentsOfFile: Self.programs + name + ".mini", encoding: .utf8)
    let expected = try String(contentsOfFile: Self.programs + name + ".expected", encoding: .utf8)
    // Small numbers; the output for large ones is tested elsewhere.
    var way = Way.interpreted
    way.arguments = name == "n-body" ? [200] : [6]
    let interpreted = try Run(source, way)
    #expect(interpreted.exception == nil)
    #expect(!expected.isEmpty && !interpreted.output.isEmpty)
    for var compiled in Way.compiled {
      compiled.arguments = way.arguments
      let run = try Run(source, compiled)
      #expect(run.isSame(as: interpreted), "\(compiled)")
    }
  }

  @Test(arguments: 1...24 as ClosedRange<UInt64>)
  func randomPrograms(seed: UInt64) throws {
    let source = RandomProgram.source(seed: seed)
    let interpreted = try Run(source, .interpreted)
    #expect(interpreted.output.count == 40 * 7)
    for way in Way.compiled {
      let run = try Run(source, way)
      let differing = zip(run.output, interpreted.output).first { $0 != $1 }
      #expect(run.isSame(as: interpreted), "seed \(seed), \(way): \(differing as Any)")
      #expect(run.counts.compilations > 0)
    }
  }

  /// Exceptions unwind through frames of machine code and of the interpreter, and are caught by the
  /// right one; code that is evicted or moved meanwhile has no frames.
  @Test func exceptionsUnwindThroughMachineCode() throws {
    let source = """
      record Trouble { depth }
      fn dive(depth) {
        if depth == 0 { throw Trouble(0); }
        let below = dive(depth - 1);
        return below + 1;
      }
      fn relay(depth) {
        try { return dive(depth); } catch e {
          if depth % 2 == 0 { throw Trouble(e.depth + depth); }
          return e.depth - depth;
        }
      }
      fn outer(depth) {
        let kept = [depth, depth + 1];
        try { return relay(depth) + kept[1]; } catch e { return e.depth * 100 + kept[0]; }
      }
      fn endless(n) { return endless(n + 1) + 1; }
      let sum = 0;
      for i in 0..200 { sum = sum + outer(i % 9); }
      print(sum);
      for i in 0..3 { try { endless(0); } catch e { print(e); } }
      print(outer(4), " ", outer(5));
      dive(3);
      """
    // 0, 2, 4, 6, 8: depth * 100 + depth; 1, 3, 5, 7: -depth + depth + 1.
    let cycle = [0, 1, 202, 1, 404, 1, 606, 1, 808]
    let sum = (0..<200).reduce(0) { $0 + cycle[$1 % 9] }
    let expected =
      ["\(sum)"] + [String](repeating: "stack overflow", count: 3) + ["404 1"]
    for way in [.interpreted] + Way.compiled {
      let run = try Run(source, way)
      #expect(run.output == expected, "\(way)")
      #expect(run.exception == "Trouble(0)", "\(way)")
    }
  }

  /// The processor's default NaN has its sign bit set.
  @Test func notANumber() throws {
    let source = """
      fn none(x) { return x / x; }
      let seen = [none(0.0), none(0.0) == none(0.0)];
      for i in 0..100 { seen = [none(0.0), none(0.0) == none(0.0), none(0.0) < 1.0]; }
      print(seen);
      """
    for way in [.interpreted] + Way.compiled {
      #expect(try Run(source, way).output == ["[nan, false, false]"], "\(way)")
    }
  }
}
