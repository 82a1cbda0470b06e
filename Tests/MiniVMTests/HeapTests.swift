import TestSupport
import Testing
import TraceEvents

@testable import minivm

/// The collector without a machine: reachable objects are kept, others are freed.
@Suite(.randomized) struct HeapTests {
  /// A few roots for the collector.
  private final class Roots {
    static let count = 12
    let values = Registers.allocate(capacity: count)
    private(set) var heap: Heap!

    init(nurseryBytes: Int = 1 << 14) {
      values.initialize(repeating: .none, count: Self.count)
      heap = Heap(nurseryBytes: nurseryBytes) { [values] visit in visit(values, Self.count) }
    }

    deinit { values.deallocate() }

    func clear() { values.update(repeating: .none, count: Self.count) }

    /// A record of a number and two references.
    func record(_ number: Int) -> Object {
      let object = heap.allocate(.record, count: 3)
      object.values[0] = Value(integer: number)
      object.values[1] = .none
      object.values[2] = .none
      return object
    }

    func set(_ object: Object, _ place: Int, _ value: Value) {
      heap.barrier(object, value)
      object.values[place] = value
    }
  }

  /// The expected content of the heap.
  private final class Node {
    let number: Int
    var links: [Node?] = [nil, nil]
    init(_ number: Int) { self.number = number }
  }

  /// Compares both graphs: the same numbers at the same positions, and one object for each node.
  private func check(_ roots: Roots, _ nodes: [Node?]) -> Int {
    var objects: [Int: Value] = [:]
    var pending = (0..<Roots.count).map { (roots.values[$0], nodes[$0]) }
    while let (value, node) = pending.popLast() {
      guard let node else {
        #expect(value == .none)
        continue
      }
      guard value.isReference, value.object.is(.record) else {
        Issue.record("no record where \(node.number) should be")
        return objects.count
      }
      if let known = objects[node.number] {
        #expect(known == value)
        continue
      }
      objects[node.number] = value
      #expect(value.object.values[0] == Value(integer: node.number))
      for place in 0..<2 { pending.append((value.object.values[place + 1], node.links[place])) }
    }
    return objects.count
  }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func aGraphThatChangesAllTheTime(seed: UInt64) {
    let roots = Roots()
    var nodes = [Node?](repeating: nil, count: Roots.count)
    var random = SeededGenerator(seed)
    for step in 0..<30_000 {
      let place = random.below(Roots.count)
      switch random.below(6) {
      case 0, 1, 2:
        // This creates old objects that refer to young ones.
        let object = roots.record(step)
        let node = Node(step)
        let next = random.below(Roots.count)
        roots.set(object, 1, roots.values[next])
        node.links[0] = nodes[next]
        roots.values[place] = Value(object)
        nodes[place] = node
      case 3, 4:
        let next = random.below(Roots.count)
        guard let node = nodes[place] else { break }
        roots.set(roots.values[place].object, 2, roots.values[next])
        node.links[1] = nodes[next]
      default:
        roots.values[place] = .none
        nodes[place] = nil
      }
      if step % 500 == 0 { _ = check(roots, nodes) }
      if step % 7000 == 6999 { roots.heap.collect(reason: .induced) }
    }
    #expect(roots.heap.collectionCount > 10)
    let count = check(roots, nodes)
    roots.heap.collect(reason: .induced)
    #expect(check(roots, nodes) == count)
    // Nothing else is left; each object has four words.
    #expect(roots.heap.old.usedWords == count * 4)
    roots.clear()
    roots.heap.collect(reason: .induced)
    #expect(roots.heap.old.usedWords == 0)
  }

  @Test func garbageDoesNotAddUp() {
    let roots = Roots()
    roots.values[0] = Value(roots.heap.allocate(.string, count: 5))
    roots.values[0].object.fill("alive".utf8)
    for number in 0..<200_000 { _ = roots.record(number) }
    #expect(roots.values[0].object.text == "alive")
    #expect(roots.heap.collectionCount >= 200_000 * 32 / (1 << 14) / 2)
    #expect(roots.heap.old.usedWords < 100)
  }

  /// Objects too large for the nursery do not move, but are freed, too.
  @Test func largeObjects() {
    let roots = Roots()
    let large = roots.heap.allocate(.storage, count: 5000)
    for index in 0..<5000 { large.values[index] = .none }
    roots.values[0] = Value(large)
    for number in 0..<5000 {
      let record = roots.record(number)
      let target = roots.values[0].object
      roots.set(target, number, Value(record))
    }
    #expect(roots.values[0] == Value(large))
    roots.heap.collect(reason: .induced)
    for number in 0..<5000 {
      #expect(large.values[number].object.values[0] == Value(integer: number))
    }
    #expect(roots.heap.old.usedWords == 5001 + 5000 * 4)
    roots.clear()
    roots.heap.collect(reason: .induced)
    #expect(roots.heap.old.usedWords == 0)
  }

  @Test(arguments: [0, 1, -1, 1 << 47 - 1, -(1 << 47), 12345])
  func integersAsValues(number: Int) throws {
    let value = try #require(Value(exactly: number))
    #expect(value.isInteger && !value.isFloat && !value.isReference)
    #expect(value.integer == number)
    #expect(value.number == Double(number))
  }

  @Test func otherValues() {
    #expect(Value(exactly: 1 << 47) == nil)
    #expect(Value(exactly: -(1 << 47) - 1) == nil)
    for float in [
      0.0, -0.0, 1.5, -.infinity, .infinity, .greatestFiniteMagnitude, -.leastNonzeroMagnitude,
    ] {
      #expect(Value(float).isFloat && Value(float).float == float)
    }
    #expect(Value(-Double.nan).isFloat && Value(-Double.nan).float.isNaN)
    #expect([Value.none, .no].allSatisfy { !$0.isTrue })
    #expect([Value.yes, Value(0.0), Value(integer: 0)].allSatisfy { $0.isTrue })
  }
}
