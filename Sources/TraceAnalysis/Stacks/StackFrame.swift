/// A frame's number in a ``FrameTable``.
public struct FrameID: RawRepresentable, Hashable, Sendable {
  public var rawValue: UInt32

  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }
}

/// One line of a call tree: a function as it is shown, or what stands for one.
public struct StackFrame: Hashable, Sendable {
  /// What stands behind the name.
  public enum Kind: UInt8, Hashable, Sendable {
    /// The root of a process's stacks.
    case process
    case thread
    /// A function that has a name.
    case function
    /// An address without a name; ``StackFrame/mark`` says why.
    case unresolved
    /// What a group pattern made of other frames.
    case group
  }

  public var kind: Kind
  /// The image or origin: `libc.so.6`, `[jit]`, `[k]`; empty where there is none.
  public var module: String
  /// The function as people call it; `?` where there is no name.
  public var function: String
  /// A few words behind the name: a JIT's tier, the reason why there is no name.
  public var mark: String
  /// Where in the source, as `work.c:12`; empty where lines are not shown or not known.
  public var place: String

  public init(
    _ kind: Kind, module: String = "", function: String, mark: String = "", place: String = ""
  ) {
    self.kind = kind
    self.module = module
    self.function = function
    self.mark = mark
    self.place = place
  }

  /// `libc.so.6!memcpy`, `[jit]!fib (turbofan)`, `demo!work  work.c:12`, `Process node (1234)`:
  /// what patterns are matched with.
  public var name: String {
    var name = ""
    switch kind {
    case .process: name = "Process "
    case .thread: name = "Thread "
    case .function, .unresolved, .group: break
    }
    if !module.isEmpty { name += module + "!" }
    name += function
    if !mark.isEmpty { name += " (\(mark))" }
    return place.isEmpty ? name : "\(name)  \(place)"
  }
}

/// Gives equal frames one number.
///
/// - Cost: memory grows with the number of different frames, so with the symbols of the trace, not
///   with its samples.
public struct FrameTable: Sendable {
  public private(set) var frames: [StackFrame] = []
  /// Frames that stand below the function they are a part of: see ``ResolvedFrame/inlined``.
  public private(set) var inlined: [FrameID] = []
  /// By the frames' hashes, open addressing: numbers + 1, 0 for an empty slot. A dictionary would
  /// keep each frame's strings twice, and hash them again whenever it grows.
  private var slots = [UInt32](repeating: 0, count: 1024)
  private var hashes: [Int] = []

  public init() {}

  /// The number of `frame`, the same for an equal one.
  public mutating func id(of frame: StackFrame) -> FrameID {
    id(of: frame, frame.hashValue)
  }

  /// Takes in the frames of another table; gives the number of each.
  mutating func add(_ other: FrameTable) -> [FrameID] {
    zip(other.frames, other.hashes).map { id(of: $0, $1) }
  }

  private mutating func id(of frame: StackFrame, _ hash: Int) -> FrameID {
    var slot = hash & (slots.count - 1)
    while slots[slot] != 0 {
      let known = Int(slots[slot]) - 1
      if hashes[known] == hash, frames[known] == frame { return FrameID(rawValue: UInt32(known)) }
      slot = (slot + 1) & (slots.count - 1)
    }
    frames.append(frame)
    hashes.append(hash)
    slots[slot] = UInt32(frames.count)
    if frames.count * 2 > slots.count { grow() }
    return FrameID(rawValue: UInt32(frames.count - 1))
  }

  private mutating func grow() {
    slots = [UInt32](repeating: 0, count: slots.count * 2)
    for (number, hash) in hashes.enumerated() {
      var slot = hash & (slots.count - 1)
      while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
      slots[slot] = UInt32(number + 1)
    }
  }

  /// Keeps inlined frames, the outermost first, for a ``ResolvedFrame``.
  public mutating func keep(inlined frames: [FrameID]) -> Range<UInt32> {
    let start = UInt32(inlined.count)
    inlined += frames
    return start..<UInt32(inlined.count)
  }

  public subscript(id: FrameID) -> StackFrame { frames[Int(id.rawValue)] }

  public var count: Int { frames.count }
}
