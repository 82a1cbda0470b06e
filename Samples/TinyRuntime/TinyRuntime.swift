import ArgumentParser
import Glibc
import TraceEvents
import TraceProvider

@main
struct TinyRuntime: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tiny-runtime",
    abstract: "A toy runtime with a real collector and a real JIT, both of which are traced.")

  @Option(help: "Number of rounds; each allocates a tree and calls every method 200 times.")
  var rounds = 60

  @Option(help: "Milliseconds to sleep after each round.")
  var pause: UInt32 = 0

  @Option(help: "Number of pairs that fit into the heap.")
  var heap = 20_000

  @Flag(help: "Print the runtime's own statistics at the end.")
  var statistics = false

  func validate() throws {
    guard rounds >= 0 else { throw ValidationError("--rounds must not be negative") }
    guard (10_000...10_000_000).contains(heap) else {
      throw ValidationError("--heap must be from 10000 to 10000000")
    }
  }

  func run() throws {
    let loaded = LoadedMethods()
    Runtime.provider.onCaptureState { session in loaded.rundown(to: session) }
    Runtime.provider.register()

    let methods = Self.makeMethods()
    var heap = Heap(capacity: heap)
    var value: UInt64 = 1
    for round in 1...max(rounds, 1) where rounds > 0 {
      // The last three trees remain alive, older ones become garbage.
      if heap.roots.count == 3 { heap.roots.removeFirst() }
      heap.roots.append(try Self.tree(depth: 10, in: &heap))
      for method in methods {
        for _ in 0..<200 { value = method.call(value, loading: loaded) }
      }
      if round % 20 == 0 { heap.collect(reason: .induced) }
      if pause > 0 { usleep(pause * 1000) }
    }
    let compiled = loaded.count
    loaded.unloadAll()
    if statistics {
      print(
        "compiled \(compiled), collections \(heap.collections), survived \(heap.survivingBytes)")
    }
    print("result \(value)")
  }

  private static func makeMethods() -> [Method] {
    [
      Method(id: 1, name: "mix", body: [.multiply(0x9e37_79b1), .xor(0x5bd1_e995), .add(7)]),
      Method(id: 2, name: "step", body: [.add(0xffff_fff1), .multiply(31)]),
      Method(id: 3, name: "scramble", body: [.xor(0x1234_5678), .multiply(0x0100_0193), .xor(1)]),
    ]
  }

  /// Creates a complete tree; while it grows, the roots keep its parts alive.
  private static func tree(depth: Int, in heap: inout Heap) throws -> Heap.Reference {
    guard depth > 0 else { return try place(heap.allocate()) }
    let left = try tree(depth: depth - 1, in: &heap)
    heap.roots.append(left)
    defer { heap.roots.removeLast() }
    let right = try tree(depth: depth - 1, in: &heap)
    return try place(heap.allocate(left, right))
  }

  private static func place(_ reference: Heap.Reference?) throws -> Heap.Reference {
    guard let reference else { throw ValidationError("the heap is too small for three trees") }
    return reference
  }
}
