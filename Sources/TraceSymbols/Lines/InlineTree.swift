internal import CDW

/// The tree of calls inlined in a function.
final class InlineTree {
  struct Call {
    var name: String
    /// The location of the call.
    var line: SourceLine?
  }

  private struct Node {
    var parent: Int32
    var entry: Dwarf_Die
    var depth: Int32
  }

  private var nodes: [Node] = []
  private var ranges = AddressRanges()
  private var calls: [Int: Call] = [:]
  private let file: (UInt64) -> String?

  var byteCount: Int { nodes.capacity * MemoryLayout<Node>.stride + ranges.byteCount }

  /// - Parameter file: the path of a file of the unit, by number.
  init(of function: Dwarf_Die, file: @escaping (UInt64) -> String?) {
    self.file = file
    var budget = LineLimits.entries
    var rangeBudget = LineLimits.ranges
    collect(function, parent: -1, depth: 0, &budget, &rangeBudget)
    ranges.seal()
  }

  private func collect(
    _ scope: Dwarf_Die, parent: Int32, depth: Int32, _ budget: inout Int,
    _ rangeBudget: inout Int
  ) {
    guard depth < LineLimits.depth else { return }
    scope.forEachChild(&budget) { child, budget in
      switch child.tag {
      case DW_TAG_inlined_subroutine:
        let number = Int32(nodes.count)
        nodes.append(Node(parent: parent, entry: child, depth: depth))
        child.forEachRange(&rangeBudget) { ranges.add($0, $1, UInt64(number)) }
        collect(child, parent: number, depth: depth + 1, &budget, &rangeBudget)
      case DW_TAG_lexical_block, DW_TAG_try_block, DW_TAG_catch_block:
        collect(child, parent: parent, depth: depth + 1, &budget, &rangeBudget)
      default: break
      }
    }
  }

  /// The inlined calls at an address, outermost first.
  func calls(at address: UInt64) -> [Call] {
    var best: Int?
    for range in ranges.ranges {
      if range.start > address { break }
      let node = Int(range.value)
      if address < range.end, best.map({ nodes[$0].depth < nodes[node].depth }) ?? true {
        best = node
      }
    }
    var found: [Call] = []
    var next = best ?? -1
    while next >= 0 {
      found.append(call(next))
      next = Int(nodes[next].parent)
    }
    return found.reversed()
  }

  private func call(_ number: Int) -> Call {
    if let known = calls[number] { return known }
    let entry = nodes[number].entry
    let (place, line) = (entry.number(DW_AT_call_file), entry.number(DW_AT_call_line))
    var call = Call(name: entry.functionName)
    if line > 0, let path = file(place) {
      call.line = SourceLine(file: path, line: UInt32(clamping: line))
    }
    calls[number] = call
    return call
  }
}
