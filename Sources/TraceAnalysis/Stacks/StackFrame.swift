/// Index of a frame in a ``FrameTable``.
public struct FrameID: RawRepresentable, Hashable, Sendable {
  public var rawValue: UInt32

  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }
}

/// One line of a call tree: a function as displayed, or a placeholder for one.
public struct StackFrame: Hashable, Sendable {
  /// What the frame represents.
  public enum Kind: UInt8, Hashable, Sendable {
    /// Root of a process's stacks.
    case process
    case thread
    /// A named function.
    case function
    /// An address without a name; ``StackFrame/mark`` has the reason.
    case unresolved
    /// Several frames combined by a group pattern.
    case group
    /// What a thread does at the end of its stack, in brackets: `[blocked: futex]`.
    case state
  }

  public var kind: Kind
  /// Image or origin, such as `libc.so.6`, `[jit]` or `[k]`; empty if there is none.
  public var module: String
  /// Display name of the function; `?` if it has no name.
  public var function: String
  /// Text of a few words after the name: a JIT tier, or the reason why there is no name.
  public var mark: String
  /// Source location such as `work.c:12`; empty if lines are not shown or not known.
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

  /// Full name against which patterns are matched: `libc.so.6!memcpy`, `[jit]!fib (turbofan)`,
  /// `demo!work  work.c:12`, `Process node (1234)`.
  public var name: String {
    var name = ""
    switch kind {
    case .process: name = "Process "
    case .thread: name = "Thread "
    case .function, .unresolved, .group, .state: break
    }
    if !module.isEmpty { name += module + "!" }
    name += function
    if !mark.isEmpty { name += " (\(mark))" }
    return place.isEmpty ? name : "\(name)  \(place)"
  }
}

extension StackFrame {
  /// Stands for outer callers that were not found or lie in a damaged part of the file.
  static var callersLost: StackFrame { StackFrame(.unresolved, function: "[callers lost]") }

  /// Creates the root of a process's stacks.
  init(_ process: ResolvedProcess) {
    self.init(.process, function: "\(process.name) (\(process.pid))")
  }

  /// Creates the root of a thread's stacks.
  init(thread tid: UInt32, _ name: String?) {
    self.init(.thread, function: (name.map { "\($0) " } ?? "") + "(\(tid))")
  }
}

/// Assigns equal frames the same index.
///
/// - Cost: memory grows with the number of distinct frames and thus with the number of symbols in
///   the trace, not with the number of samples.
public struct FrameTable: Sendable {
  public private(set) var frames: [StackFrame] = []
  /// Frames shown below the function into which they are inlined: see ``ResolvedFrame/inlined``.
  public private(set) var inlined: [FrameID] = []
  /// Open-addressing hash table of frame indexes + 1, with 0 for an empty slot. A dictionary would
  /// store each frame's strings twice and rehash them whenever it grows.
  private var slots = [UInt32](repeating: 0, count: 1024)
  private var hashes: [Int] = []

  public init() {}

  /// Returns the index of `frame`; equal frames have the same index.
  public mutating func id(of frame: StackFrame) -> FrameID {
    id(of: frame, frame.hashValue)
  }

  /// Adds the frames of another table; returns the index of each in this one.
  mutating func add(_ other: FrameTable) -> [FrameID] {
    zip(other.frames, other.hashes).map { id(of: $0, $1) }
  }

  /// Returns the index of `frame`; nil if the table does not have it.
  func known(_ frame: StackFrame) -> FrameID? {
    let hash = frame.hashValue
    let number = slots[slot(of: frame, hash)]
    return number == 0 ? nil : FrameID(rawValue: number - 1)
  }

  /// Returns the slot with the number of `frame`, or the empty one for it.
  private func slot(of frame: StackFrame, _ hash: Int) -> Int {
    var slot = hash & (slots.count - 1)
    while slots[slot] != 0 {
      let known = Int(slots[slot]) - 1
      if hashes[known] == hash, frames[known] == frame { break }
      slot = (slot + 1) & (slots.count - 1)
    }
    return slot
  }

  private mutating func id(of frame: StackFrame, _ hash: Int) -> FrameID {
    let slot = slot(of: frame, hash)
    if slots[slot] != 0 { return FrameID(rawValue: slots[slot] - 1) }
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

  /// Stores inlined frames, outermost first, for a ``ResolvedFrame``.
  public mutating func keep(inlined frames: [FrameID]) -> Range<UInt32> {
    let start = UInt32(inlined.count)
    inlined += frames
    return start..<UInt32(inlined.count)
  }

  public subscript(id: FrameID) -> StackFrame { frames[Int(id.rawValue)] }

  public var count: Int { frames.count }
}
