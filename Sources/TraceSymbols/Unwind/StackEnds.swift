/// Says of the outermost frames of stacks whether their callers are missing.
///
/// For stacks that were found along frame pointers: such a chain ends anywhere, in code that keeps
/// none also in what only looks like a caller. Used on one thread.
///
/// - Cost: a look-up an address that was asked for before; an image is read when it is first met.
public final class StackEnds {
  private let images: UnwindImages
  private var known: [Key: FrameVerdict] = [:]
  /// All are forgotten when there are more.
  private static let knownMax = 65_536

  private struct Key: Hashable {
    var image: UInt32
    var isCaller: Bool
    var offset: UInt64
  }

  public init(_ images: UnwindImages) { self.images = images }

  /// What stands at an address of a process. Code that was made at run time is never an entry.
  ///
  /// - Parameter isCaller: the address is where a call returns to.
  public func verdict(
    _ address: UInt64, isCaller: Bool, in space: borrowing AddressSpace
  ) -> FrameVerdict {
    guard let mapping = space.mapping(at: address &- (isCaller ? 1 : 0)) else { return .astray }
    guard let image = mapping.image else { return .called }
    let offset = address &- mapping.start &+ mapping.offset
    let key = Key(image: image.index, isCaller: isCaller, offset: offset)
    if let verdict = known[key] { return verdict }
    let entries = images.entryFunctions(of: image)
    let verdict = entries?.verdict(atOffset: offset, isCaller: isCaller) ?? .unknown
    if known.count >= Self.knownMax { known.removeAll(keepingCapacity: true) }
    known[key] = verdict
    return verdict
  }

  /// Whether a function that was called where `caller` returns to can hold `callee`; true where
  /// that cannot be told.
  public func mayCall(
    _ caller: UInt64, _ callee: UInt64, in space: borrowing AddressSpace
  ) -> Bool {
    guard let outer = space.mapping(at: caller &- 1), let inner = space.mapping(at: callee &- 1),
      let image = outer.image, image == inner.image
    else { return true }
    return images.entryFunctions(of: image)?.calls(
      caller &- outer.start &+ outer.offset, callee &- 1 &- inner.start &+ inner.offset) ?? true
  }
}
