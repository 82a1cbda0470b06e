import TraceEvents
import TraceProvider

/// A heap with two generations: objects are allocated in the nursery; when it is full, live objects
/// move to the old space, which is marked and swept when it has doubled.
///
/// Roots are the machine's registers, globals and the current exception: no other references may be
/// held during an allocation.
final class Heap {
  var nursery: Nursery
  var old = OldSpace()
  /// Old objects that may refer to the nursery.
  private var remembered: [Object] = []
  private(set) var collectionCount: UInt32 = 0
  /// Number of collections that included the old space.
  private(set) var fullCollectionCount: UInt32 = 0
  /// Sum over all collections of what moved to the old space.
  private(set) var promotedWords = 0
  /// Size of the old space at which it is collected.
  private var oldWordsLimit: Int
  private let oldWordsLimitMin: Int
  private var ticks = AllocationTicks()
  /// Calls its argument with every range of root values of the machine.
  private let eachRoot: (_ visit: (Registers, Int) -> Void) -> Void

  init(nurseryBytes: Int, eachRoot: @escaping (_ visit: (Registers, Int) -> Void) -> Void) {
    nursery = Nursery(byteCount: nurseryBytes)
    oldWordsLimitMin = nurseryBytes / 2
    oldWordsLimit = oldWordsLimitMin
    self.eachRoot = eachRoot
  }

  /// The values of the new object are not set; they must be set before the next allocation.
  func allocate(_ kind: Object.Kind, shape: Int = 0, count: Int) -> Object {
    let header = Object.header(kind, shape: shape, count: count)
    let words = Object.wordCount(of: header)
    // An eighth, so that one object does not empty the nursery.
    let object =
      words > nursery.wordCount / 8 ? allocateLarge(words) : allocateSmall(words)
    object.words[0] = header | object.header & Object.Flag.old
    if object.has(Object.Flag.old), kind != .string { remember(object) }
    ticks.note(object, byteCount: words * 8)
    return object
  }

  private func allocateSmall(_ words: Int) -> Object {
    if let object = nursery.allocate(words: words) { return cleared(object) }
    collect(reason: .allocSmall)
    return cleared(nursery.allocate(words: words)!)
  }

  private func cleared(_ object: Object) -> Object {
    object.words[0] = 0
    return object
  }

  private func allocateLarge(_ words: Int) -> Object {
    if old.usedWords + words > oldWordsLimit { collect(reason: .allocLarge) }
    let object = old.allocate(words: words)
    object.words[0] = Object.Flag.old
    return object
  }

  /// Allocates a constant, which exists as long as the program.
  func allocateOld(string bytes: some Collection<UInt8>) -> Object {
    let header = Object.header(.string, shape: 0, count: bytes.count) | Object.Flag.old
    let object = old.allocate(words: Object.wordCount(of: header))
    object.words[0] = header
    object.fill(bytes)
    return object
  }

  /// Must be called before the value is stored in the object.
  func barrier(_ object: Object, _ value: Value) {
    if object.has(Object.Flag.old), nursery.contains(value) { remember(object) }
  }

  private func remember(_ object: Object) {
    guard !object.has(Object.Flag.remembered) else { return }
    object.set(Object.Flag.remembered)
    remembered.append(object)
  }

  // MARK: Collection

  /// Collects the nursery, and also the old space if it has grown or on request.
  func collect(reason: GCReason) {
    let isFull = reason == .induced || reason == .allocLarge || old.usedWords > oldWordsLimit
    collectionCount += 1
    Runtime.provider.emit(GCTriggered(reason: reason))
    // Only one thread runs programs, so the suspension is immediate.
    Runtime.provider.emit(GCSuspendBegin(reason: .forGC, count: collectionCount))
    Runtime.provider.emit(GCSuspendEnd())
    Runtime.provider.emit(GCStart(count: collectionCount, depth: isFull ? 1 : 0, reason: reason))
    let oldWords = old.usedWords
    moveNursery()
    let promoted = old.usedWords - oldWords
    promotedWords += promoted
    if isFull {
      fullCollectionCount += 1
      markAndSweep()
    }
    Runtime.provider.emit(GCEnd(count: collectionCount, depth: isFull ? 1 : 0))
    Runtime.provider.emit(
      GCHeapStats(
        generationSize0: UInt64(nursery.used * 8), totalPromotedSize0: UInt64(promoted * 8),
        generationSize1: UInt64(old.usedWords * 8)))
    Runtime.provider.emit(GCRestartBegin())
    Runtime.provider.emit(GCRestartEnd())
  }

  private func moveNursery() {
    var moved: [Object] = []
    eachRoot { values, count in move(values, count, &moved) }
    for object in remembered {
      object.clear(Object.Flag.remembered)
      move(object.values, object.valueCount, &moved)
    }
    remembered.removeAll(keepingCapacity: true)
    while let object = moved.popLast() { move(object.values, object.valueCount, &moved) }
    nursery.empty()
  }

  /// Updates references to moved objects; moves those that have not moved yet.
  private func move(_ values: Registers, _ count: Int, _ moved: inout [Object]) {
    for index in 0..<count where nursery.contains(values[index]) {
      let object = values[index].object
      let header = object.header
      if header & 1 == 0 {
        values[index] = Value(Object(words: UnsafeMutablePointer(bitPattern: UInt(header))!))
        continue
      }
      let words = Object.wordCount(of: header)
      let copy = old.allocate(words: words)
      copy.words.update(from: object.words, count: words)
      copy.set(Object.Flag.old)
      object.words[0] = UInt64(UInt(bitPattern: copy.words))
      values[index] = Value(copy)
      moved.append(copy)
    }
  }

  /// Requires an empty nursery.
  private func markAndSweep() {
    var pending: [Object] = []
    eachRoot { values, count in Self.mark(values, count, &pending) }
    while let object = pending.popLast() {
      Self.mark(object.values, object.valueCount, &pending)
    }
    old.sweep()
    oldWordsLimit = max(oldWordsLimitMin, old.usedWords * 2)
  }

  private static func mark(_ values: Registers, _ count: Int, _ pending: inout [Object]) {
    for index in 0..<count where values[index].isReference {
      let object = values[index].object
      guard !object.has(Object.Flag.marked) else { continue }
      object.set(Object.Flag.marked)
      pending.append(object)
    }
  }
}
