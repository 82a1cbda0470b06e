/// Determines whether the callers of stacks' outermost frames are missing.
///
/// For stacks walked by frame pointers: such a chain may end anywhere, and in code without frame
/// pointers also at an address that only looks like a caller. Used on one thread.
///
/// - Cost: a lookup for each address seen before; an image is read when it first occurs.
public final class StackEnds {
  private let images: UnwindImages
  @exclusivity(unchecked) private var known: [Key: FrameVerdict] = [:]
  /// The maximum number of entries; beyond that, all are dropped.
  private static let knownMax = 65_536

  private struct Key: Hashable {
    var image: UInt32
    var isCaller: Bool
    var offset: UInt64
  }

  public init(_ images: UnwindImages) { self.images = images }

  /// Classifies an address of a process. Code generated at run time is never an entry function.
  ///
  /// - Parameter isCaller: whether the address is a return address.
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

  /// Whether the function called before the return address `caller` can contain `callee`; true if
  /// that is not known.
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
