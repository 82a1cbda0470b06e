internal import TraceFormat

/// Names the frames of the stacks of a pass's events.
///
/// - Cost: names each stack once for each process, as long as its names hold.
struct NamedStacks {
  /// Maximum number of frames of a stack that a report shows.
  static let framesMax = 64
  /// Maximum number of stacks that are remembered; when it is reached, all are forgotten.
  static let stacksMax = 1 << 18

  private struct Key: Hashable {
    var stack: UInt32
    var process: UInt64
  }

  private struct Named {
    var frames: [FrameID]
    var validity: ClosedRange<Int64>
  }

  var table: FrameTable
  private let limit: Int
  private var resolver: SymbolizerFrames
  private let file: TraceFile
  private var known: [Key: Named] = [:]

  /// - Parameters:
  ///   - symbolizer: a finished one.
  ///   - limit: maximum number of frames of a stack, innermost first.
  init(_ symbolizer: Symbolizer, _ file: TraceFile, limit: Int = framesMax) {
    self.init(SymbolizerFrames(symbolizer), file, FrameTable(), limit: limit)
  }

  /// - Parameter table: frames that have numbers already.
  init(_ resolver: SymbolizerFrames, _ file: TraceFile, _ table: FrameTable, limit: Int) {
    (self.resolver, self.file, self.table, self.limit) = (resolver, file, table, limit)
  }

  /// Returns the numbers of the frames of a stack of the process at a time, innermost first.
  mutating func frames(
    _ stack: StackID, of process: ResolvedProcess, at time: Int64
  ) -> [FrameID] {
    let key = Key(stack: stack.rawValue, process: process.life)
    if let named = known[key], named.validity.contains(time) { return named.frames }
    var named = Named(frames: [], validity: .always)
    var inner: UInt64?
    for address in file.stack(stack).prefix(limit) {
      let found = resolver.frame(
        address, of: process, at: time,
        isCaller: StackAddress.isCaller(address, inner: inner), in: &table)
      named.frames += table.inlined[Int(found.inlined.lowerBound)..<Int(found.inlined.upperBound)]
        .reversed()
      named.frames.append(found.frame)
      named.validity = named.validity.common(found.validity)
      inner = address
    }
    if known.count >= Self.stacksMax { known.removeAll(keepingCapacity: true) }
    known[key] = named
    return named.frames
  }

  /// Returns the frames of a stack of the process at a time, innermost first.
  mutating func stackFrames(
    _ stack: StackID, of process: ResolvedProcess, at time: Int64
  ) -> [StackFrame] {
    frames(stack, of: process, at: time).map { table[$0] }
  }

  subscript(id: FrameID) -> StackFrame { table[id] }
}
