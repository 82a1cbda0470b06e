internal import TraceAnalysis

/// Events that are held before they are shown. Each is already rendered, except for its stack,
/// whose names may still change.
///
/// - Guarantee: lines are released in order of arrival; at most ``bytesMax`` bytes are held.
/// - Cost: for a line without a stack, one more copy of its bytes, and 32 bytes.
struct HeldLines: ~Copyable {
  private struct Line {
    var time: Int64
    /// Position of the end of its bytes, counted from the first byte ever held.
    var end: Int
    /// Position of its stack in its bytes, counted likewise.
    var place: Int
    /// Number of its stack, counted from the first stack ever held; -1 if it has none.
    var stack: Int
  }

  private struct Stack {
    var answer: StackAnswer
    var ticket: PendingTicket?
  }

  static let bytesMax = 64 << 20
  /// Approximate size of a held stack and of its ticket, and of a frame of an answer.
  private static let stackBytes = 64
  private static let frameBytes = 48
  private var lines = FrontQueue<Line>()
  private var stacks = FrontQueue<Stack>()
  private var bytes = ByteQueue()
  /// Number of held stacks by answer. Stacks with the same names share one.
  private var uses: [ObjectIdentifier: Int] = [:]
  /// Number of frames of these answers.
  private var frameCount = 0
  /// Numbers of the stacks whose names may change.
  private var numbers: [PendingTicket: Int] = [:]

  /// Adds a line without a stack. `place` is the position at which a stack would be inserted.
  mutating func add(time: Int64, bytes added: borrowing OutputBuffer, place: Int) {
    add(time: time, bytes: added, place: place, stack: -1)
  }

  /// Adds a line with a stack. `ticket` is nil if its names are final.
  mutating func add(
    time: Int64, bytes added: borrowing OutputBuffer, place: Int, stack answer: StackAnswer,
    ticket: PendingTicket?
  ) {
    if let ticket { numbers[ticket] = stacks.end }
    stacks.append(Stack(answer: answer, ticket: ticket))
    use(answer)
    add(time: time, bytes: added, place: place, stack: stacks.end - 1)
  }

  private mutating func add(
    time: Int64, bytes added: borrowing OutputBuffer, place: Int, stack: Int
  ) {
    let start = bytes.end
    bytes.append(added)
    lines.append(Line(time: time, end: bytes.end, place: start + place, stack: stack))
  }

  /// Changes the names of a stack. Returns false if its line was already released.
  mutating func rename(_ ticket: PendingTicket, _ answer: StackAnswer) -> Bool {
    guard let number = numbers[ticket] else { return false }
    use(answer)
    drop(stacks[number].answer)
    stacks[number].answer = answer
    return true
  }

  private mutating func use(_ answer: StackAnswer) {
    uses[ObjectIdentifier(answer), default: 0] += 1
    if uses[ObjectIdentifier(answer)] == 1 { frameCount += answer.addresses.count }
  }

  private mutating func drop(_ answer: StackAnswer) {
    let left = (uses[ObjectIdentifier(answer)] ?? 1) - 1
    uses[ObjectIdentifier(answer)] = left == 0 ? nil : left
    if left == 0 { frameCount -= answer.addresses.count }
  }

  /// Whether no lines are held.
  var isEmpty: Bool { lines.count == 0 }

  /// Whether the oldest lines must be released to make room.
  var isFull: Bool {
    bytes.count + lines.count * MemoryLayout<Line>.stride
      + stacks.count * Self.stackBytes + frameCount * Self.frameBytes > Self.bytesMax
  }

  /// Writes the lines that are older than `time`, and those that exceed the limit.
  ///
  /// - Parameter isFinal: whether names for a time are final. A ticket that is no longer pending
  ///   does not show this: lookups are given up early if there are too many.
  /// - Parameter writeStack: writes the names of a stack, and whether they are final.
  mutating func release(
    before time: Int64, to output: inout OutputBuffer, isFinal: (Int64) -> Bool,
    writeStack: (StackAnswer, Bool, inout OutputBuffer) -> Void
  ) {
    while let line = lines.first, line.time < time || isFull {
      lines.removeFirst()
      if line.stack < 0 {
        var end = line.end
        // Lines without a stack are moved together.
        while let next = lines.first, next.stack < 0, next.time < time {
          lines.removeFirst()
          end = next.end
        }
        bytes.move(upTo: end, to: &output)
        continue
      }
      bytes.move(upTo: line.place, to: &output)
      let stack = stacks.removeFirst()
      drop(stack.answer)
      if let ticket = stack.ticket { numbers[ticket] = nil }
      let mayChange = stack.ticket != nil && !isFinal(line.time)
      if !stack.answer.addresses.isEmpty { writeStack(stack.answer, !mayChange, &output) }
      bytes.move(upTo: line.end, to: &output)
    }
  }
}

/// A first-in, first-out queue whose elements are numbered in order of arrival.
struct FrontQueue<Element> {
  private var elements: [Element] = []
  private var head = 0
  private var removed = 0

  var count: Int { elements.count - head }
  /// The number of the next element to be appended.
  var end: Int { removed + elements.count - head }
  var first: Element? { head < elements.count ? elements[head] : nil }

  subscript(number: Int) -> Element {
    _read { yield elements[number - removed + head] }
    _modify { yield &elements[number - removed + head] }
  }

  mutating func append(_ element: Element) { elements.append(element) }

  @discardableResult
  mutating func removeFirst() -> Element {
    let element = elements[head]
    head += 1
    removed += 1
    // Each element is moved at most once on average.
    if head > 1024, head * 2 > elements.count {
      elements.removeFirst(head)
      head = 0
    }
    return element
  }
}

/// A first-in, first-out queue of bytes.
///
/// - Cost: each byte is copied in and out once. Chunks are reused, so new memory is touched only
///   while the queue grows.
struct ByteQueue: ~Copyable {
  private static let chunkBytes = 1 << 20

  private var chunks = FrontQueue<UnsafeMutablePointer<UInt8>>()
  private var spare: [UnsafeMutablePointer<UInt8>] = []
  /// Number of bytes that have been removed.
  private var start = 0
  /// Number of bytes ever appended.
  private(set) var end = 0

  var count: Int { end - start }

  deinit {
    for number in chunks.end - chunks.count..<chunks.end { chunks[number].deallocate() }
    for chunk in spare { chunk.deallocate() }
  }

  mutating func append(_ buffer: borrowing OutputBuffer) {
    var done = 0
    while done < buffer.count {
      let (number, offset) = end.quotientAndRemainder(dividingBy: Self.chunkBytes)
      if number == chunks.end {
        chunks.append(spare.popLast() ?? .allocate(capacity: Self.chunkBytes))
      }
      let part = min(buffer.count - done, Self.chunkBytes - offset)
      (chunks[number] + offset).update(from: buffer.base + done, count: part)
      done += part
      end += part
    }
  }

  /// Moves the bytes up to position `target` to `output`. Positions count from the first byte ever
  /// appended.
  mutating func move(upTo target: Int, to output: inout OutputBuffer) {
    while start < target {
      let (number, offset) = start.quotientAndRemainder(dividingBy: Self.chunkBytes)
      let part = min(target - start, Self.chunkBytes - offset)
      output.append(ByteSlice(start: UnsafePointer(chunks[number] + offset), count: part))
      start += part
      if offset + part == Self.chunkBytes { spare.append(chunks.removeFirst()) }
    }
  }
}
