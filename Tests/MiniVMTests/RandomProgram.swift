import TestSupport

@testable import minivm

/// Random programs, the same for the same seed: with arithmetic overflow, wrong types, missing
/// elements, and exceptions out of loops and calls.
struct RandomProgram {
  private static let functionCount = 6
  private var random: SeededGenerator
  private var calls = 0
  private var index = 0
  private var isInLoop = false

  static func source(seed: UInt64) -> String {
    var program = RandomProgram(random: SeededGenerator(seed))
    let functions = (0..<functionCount).map { program.function($0) }
    return """
      record Pair { left, right }
      \(functions.joined(separator: "\n"))
      fn attempt(f, a, b) {
        try { return f(a, b); } catch e { return e; }
      }
      let table = [\((0..<functionCount).map { "f\($0)" }.joined(separator: ", "))];
      for i in 0..40 {
        for k in 0..\(functionCount) { print(attempt(table[k], i * 7 - 20, i - k)); }
        print(attempt(table[i % \(functionCount)], 0.5 * i, "text"));
      }
      """
  }

  private init(random: SeededGenerator) { self.random = random }

  private mutating func one(of choices: [String]) -> String {
    choices[random.below(choices.count)]
  }

  private mutating func function(_ index: Int) -> String {
    self.index = index
    calls = 2
    let body = (0..<3 + random.below(4)).map { _ in statement(depth: 2) }
    return """
      fn f\(index)(a, b) {
        let x = a; let y = 1; let z = [b, 2, 3.5, a]; let p = Pair(a, b);
        \(body.joined(separator: "\n  "))
        return \(expression(depth: 2));
      }
      """
  }

  private mutating func block(depth: Int) -> String {
    let statements = (0..<1 + random.below(2)).map { _ in statement(depth: depth) }
    return "{ \(statements.joined(separator: " ")) }"
  }

  private mutating func statement(depth: Int) -> String {
    guard depth > 0 else { return "\(one(of: ["x", "y"])) = \(expression(depth: 2));" }
    switch random.below(9) {
    case 0: return "z[\(expression(depth: 1)) % 4] = \(expression(depth: 2));"
    case 1: return "p.\(one(of: ["left", "right"])) = \(expression(depth: 2));"
    case 2:
      let condition = comparison()
      return "if \(condition) \(block(depth: depth - 1)) else \(block(depth: depth - 1))"
    case 3:
      let wasInLoop = isInLoop
      isInLoop = true
      defer { isInLoop = wasInLoop }
      return "for i\(depth) in 0..\(2 + random.below(6)) \(block(depth: depth - 1))"
    case 4:
      return "try \(block(depth: depth - 1)) catch e { y = \(one(of: ["1", "x", "e"])); }"
    case 5: return "if \(comparison()) { throw \(expression(depth: 1)); }"
    default: return "\(one(of: ["x", "y"])) = \(expression(depth: 3));"
    }
  }

  private mutating func comparison() -> String {
    let (left, right) = (expression(depth: 1), expression(depth: 1))
    return "\(left) \(one(of: ["<", "<=", ">", ">=", "==", "!="])) \(right)"
  }

  private mutating func expression(depth: Int) -> String {
    guard depth > 0 else { return leaf() }
    let (left, right) = (expression(depth: depth - 1), expression(depth: depth - 1))
    switch random.below(16) {
    case 0: return "(\(left) / \(right))"
    case 1: return "(\(left) % \(right))"
    case 2: return "(-\(left))"
    case 3: return "(\(left) << (\(right) & 7))"
    case 4: return "(\(left) \(one(of: ["&", "|", "^", ">>"])) \(right))"
    case 5: return "z[\(left) & 3]"
    case 6 where index > 0 && calls > 0 && !isInLoop:
      calls -= 1
      return "f\(random.below(index))(\(left), \(right))"
    case 7: return "p.\(one(of: ["left", "right"]))"
    case 8: return "((\(left) * \(right)) & 65535)"
    default: return "(\(left) \(one(of: ["+", "-", "*"])) \(right))"
    }
  }

  private mutating func leaf() -> String {
    switch random.below(12) {
    case 0: "\(random.below(100_000))"
    case 1: "\(random.below(10)).25"
    case 2: "140737488355327"
    case 3: one(of: ["0", "1", "2"])
    case 4: one(of: ["0.0", "nil", "true", "\"s\""])
    default: one(of: ["a", "b", "x", "y"])
    }
  }
}
