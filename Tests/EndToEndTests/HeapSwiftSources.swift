/// Programs in Swift whose heap is sampled.
enum HeapSwiftSources {
  /// Allocates known numbers of objects of its own types, and prints the types' bytes: their names
  /// as the runtime writes them.
  static let schedule = """
    final class Fixed { var a = 1, b = 2, c = 3, d = 4 }
    class Generic<Element> {
      var value: Element
      var more = 0
      init(_ value: Element) { self.value = value }
    }
    var fixed: [Fixed] = []
    var generic: [Generic<Int>] = []
    var other: [Generic<String>] = []
    var arrays: [[Int]] = []
    for number in 0..<100_000 {
      fixed.append(Fixed())
      generic.append(Generic(number))
      if number % 2 == 0 { other.append(Generic("\\(number)")) }
      if number % 50 == 0 { arrays.append([Int](repeating: number, count: 400)) }
    }
    print("\\(_typeName(Fixed.self)) \\(100_000 * 48)")
    print("\\(_typeName(Generic<Int>.self)) \\(100_000 * 32)")
    print("\\(_typeName(Generic<String>.self)) \\(50_000 * 40)")
    print("Swift._ContiguousArrayStorage<Swift.Int> \\(2_000 * (32 + 8 * 400))")
    print("kept \\(fixed.count + generic.count + other.count + arrays.count)")
    """

  /// Allocates objects of types of every form, and prints the runtime's names of those that have
  /// one.
  static let forms = """
    struct Outer<First> {
      final class Inner { var a = 1 }
      final class Pair<Second> { var b: (First, Second)?; var c = 2 }
    }
    protocol Named {}
    protocol Marked {}
    class Base<Element> { var element: Element?; var number = 1 }
    final class Derived: Base<Int> { var own = 2 }
    enum Space { final class Thing { var value = 3 } }
    extension Outer { final class Extended { var d = 4 } }
    extension Array { final class Slot { var e = 5 } }
    struct Failure: Error { var a = 1, b = 2, c = 3 }
    func fail(_ number: Int) throws { if number > 0 { throw Failure(a: number) } }
    var kept: [AnyObject] = [
      Outer<Int>.Inner(), Outer<Int>.Pair<String>(), Outer<[Int]>.Pair<Int?>(), Base<(Int, Bool)>(),
      Base<any Named>(), Base<any Named & Marked>(), Base<Any>(), Base<AnyObject>(),
      Base<Int.Type>(), Derived(), Space.Thing(), Base<[String: Set<Int>]>(), Base<any Error>(),
      Base<Base<Base<Derived>>>(), Base<()>(), Base<Range<Int>>(), Outer<Int>.Extended(),
    ]
    for object in kept { print("type", _typeName(Swift.type(of: object))) }
    kept.append([Int].Slot())
    kept.append(Base<(Int) -> Int>())
    var closures: [() -> Int] = []
    var errors: [any Error] = []
    for number in 1...3 {
      var counter = number
      closures.append { counter += 1; return counter }
      do { try fail(number) } catch { errors.append(error) }
    }
    let map = Dictionary(uniqueKeysWithValues: (0..<100).map { ("\\($0)", $0) })
    print("sum", closures.reduce(0) { $0 + $1() } + errors.count + map.count + kept.count)
    """

  /// 8 threads allocate while the runtime makes new types, under its locks, and asks for their
  /// names.
  static let threads = """
    import Glibc
    final class Node<Element> { var element: Element?; var next: AnyObject? }
    func deepen<Element>(_: Element.Type, _ depth: Int, _ length: inout Int) {
      let node = Node<Element>()
      node.next = Node<[Element]>()
      length += _typeName(Swift.type(of: node)).utf8.count + "\\(node)".utf8.count
      if depth == 0 { return }
      if depth % 2 == 0 { deepen(Node<Element>.self, depth - 1, &length) }
      else { deepen([Element?].self, depth - 1, &length) }
    }
    func run() {
      let end = time(nil) + 3
      var length = 0
      repeat {
        deepen(Int.self, 12, &length)
        deepen(String.self, 12, &length)
        deepen((Int, String).self, 12, &length)
      } while time(nil) < end
      if length == 0 { print("nothing") }
    }
    var threads: [pthread_t] = []
    for _ in 0..<8 {
      var thread = pthread_t()
      pthread_create(&thread, nil, { _ in run(); return nil }, nil)
      threads.append(thread)
    }
    for thread in threads { pthread_join(thread, nil) }
    print("finished 8")
    """
}
