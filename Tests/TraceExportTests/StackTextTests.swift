import Testing
import TraceEvents

@testable import TraceAnalysis

@testable import TraceExport

@Suite struct StackTextTests {
  /// Stacks as folded lines, a millisecond each.
  struct Fixture {
    var frames = FrameTable()
    var tree = StackTree()

    init(_ lines: [(stack: String, count: UInt64)]) {
      for (stack, count) in lines {
        var node = StackTree.root
        for (index, name) in stack.split(separator: ";").enumerated() {
          let frame =
            index == 0
            ? StackFrame(.process, function: String(name)) : Self.frame(String(name))
          node = tree.child(of: node, frames.id(of: frame))
        }
        tree.add(StackMetric(count: count, weight: count * 1_000_000), at: node)
      }
    }

    init(_ tree: StackTree, _ frames: FrameTable) { (self.tree, self.frames) = (tree, frames) }

    func report(_ unit: StackUnit) -> StackReport {
      StackReport(
        lost: LostEvents(), partial: [], trace: "t.etl", events: 0, eventNames: ["P/E"],
        unit: unit, sampling: nil, totals: StackTotals(), calls: CallTree(tree), frames: frames,
        parts: StackParts())
    }

    func folded(_ unit: StackUnit) -> String {
      text { FoldedStacks().render(report(unit), RenderOptions(), to: &$0) }
    }

    static func frame(_ name: String) -> StackFrame {
      guard let bang = name.firstIndex(of: "!") else {
        return StackFrame(.function, function: name)
      }
      let function = String(name[name.index(after: bang)...])
      return StackFrame(
        function == "?" ? .unresolved : .function, module: String(name[..<bang]),
        function: function, mark: function == "?" ? "no symbol" : "")
    }
  }

  static let node = Fixture([
    ("node (1234);node!main", 10),
    ("node (1234);node!main;node!render;libc.so.6!memcpy", 5970),
    ("node (1234);node!main;node!render", 40),
    ("node (1234);node!main;[jit]!fib", 3000),
    ("node (1234);node!main;[jit]!fib;[jit]!fib", 700),
    ("node (1234);node!main;[jit]!fib;libfoo.so!?", 100),
    ("node (1234);node!main;a", 99), ("node (1234);node!main;b", 61),
    ("sh (1233);libc.so.6!read;[k]!vfs_read", 20),
  ])

  @Test func theTreeMovesRightOnlyWhereItBranches() {
    let calls = CallTree(Self.node.tree)
    let output = text {
      CallTreeText(calls, Self.node.frames, .cpuTime, threshold: 0.01).write(to: &$0, width: nil)
    }
    #expect(
      output == """
        incl %  excl %   incl ms  function
          99.8           9,980.0  Process node (1234)
          99.8     0.1   9,980.0    node!main
          60.1     0.4   6,010.0    ├─ node!render
          59.7    59.7   5,970.0    │  libc.so.6!memcpy
          38.0    30.0   3,800.0    ├─ [jit]!fib
           7.0     7.0     700.0    │  ├─ [jit]!fib
           1.0     1.0     100.0    │  └─ libfoo.so!? (no symbol)
           1.6             160.0    └─ (2 others)

        """)
  }

  @Test func namesAreByExclusiveCost() {
    let output = text {
      NameTableText(Self.node.report(.cpuTime), limit: 4).write(to: &$0, width: 60)
    }
    #expect(
      output == """
        Functions, the top 4 by exclusive cost, of 9:

        excl %  excl ms  incl %  incl ms  function
          59.7  5,970.0    59.7  5,970.0  libc.so.6!memcpy
          37.0  3,700.0    38.0  3,800.0  [jit]!fib
           1.0    100.0     1.0    100.0  libfoo.so!? (no symbol)
           1.0     99.0     1.0     99.0  a

        """)
  }

  @Test func foldedLinesReadBackAsTheSameStacks() {
    let output = Self.node.folded(.cpuTime)
    var read: [(stack: String, count: UInt64)] = []
    for line in output.split(separator: "\n") {
      let space = line.lastIndex(of: " ")!
      let stack = line[..<space].split(separator: ";").map {
        $0.replacing(" (no symbol)", with: "")
      }
      read.append((stack.joined(separator: ";"), UInt64(line[line.index(after: space)...])!))
    }
    let again = Fixture(read)
    let calls = CallTree(again.tree)
    #expect(calls.total == CallTree(Self.node.tree).total)
    #expect(
      again.folded(.cpuTime) == output)
    #expect(output.hasPrefix("node (1234);node!main 10\nnode (1234);node!main;node!render 40\n"))
  }

  @Test func namesCannotBreakALineOrAStack() {
    var frames = FrameTable()
    var tree = StackTree()
    let frame = frames.id(of: StackFrame(.function, module: "m;\n", function: "f\u{1b}[2J;g"))
    tree.add(StackMetric(count: 3, weight: 5), at: tree.child(of: StackTree.root, frame))
    let folded = Fixture(tree, frames).folded(.events)
    #expect(folded == "m:\\n!f\\x1b[2J:g 3\n")
    let field = Fixture(tree, frames).folded(.field("size", .bytes))
    #expect(field.hasSuffix(" 5\n"))
    let shown = text {
      CallTreeText(CallTree(tree), frames, .events, threshold: 0).write(to: &$0, width: nil)
    }
    #expect(shown.hasSuffix("m;\\n!f\\x1b[2J;g\n"))
  }

  @Test func longNamesLoseTheirMiddle() {
    let name = "lib.so!" + String(repeating: "x", count: 100) + "::last"
    let short = name.shortened(to: 30)
    #expect(short.count == 30 && short.hasPrefix("lib.so!x") && short.hasSuffix("::last"))
    #expect(name.shortened(to: nil) == name)
  }

  @Test func amountsCarryTheirUnit() {
    #expect(StackUnit.cpuTime.text(1_234_567_890) == "1,234.6")
    #expect(StackUnit.field("size", .bytes).text(1536) == "1.5")
    #expect(StackUnit.events.text(1_234_567) == "1,234,567")
    #expect(percent(1, of: 3) == "33.3")
    #expect(percent(0, of: 3) == "")
    #expect(percent(.max, of: .max) == "100.0")
  }
}
