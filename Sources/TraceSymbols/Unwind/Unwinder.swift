/// How an unwinding ended.
public enum UnwindEnd: Hashable, Sendable {
  /// At the thread's first function, which says that nobody called it.
  case complete
  /// The next frame lies beyond the copied piece of the stack.
  case stackCut
  /// The code is described by no image, and its frame pointer leads nowhere.
  case notDescribed
  /// The description is damaged, or needs memory or registers that are not known.
  case undecodable
  /// More frames than are kept.
  case depthLimit
}

/// Finds the callers of a stopped thread from its registers and a copy of its stack.
///
/// The images' call frame information says where each function keeps its caller's registers, so
/// code without frame pointers is unwound. Code that no image describes is taken to keep frame
/// pointers. What it reads may be anything: frames are bounded, memory is only read inside the
/// copy. Used on one thread.
///
/// Cost: a look-up for a frame whose row was used before, running the function's instructions for
/// a new place, and reading an image when it is first met.
public final class Unwinder {
  /// The images that processes have mapped.
  public let images: UnwindImages
  private let cache: RowCache

  public init(images: UnwindImages = UnwindImages(), rowCapacity: Int = 16_384) {
    self.images = images
    cache = RowCache(capacity: rowCapacity)
  }

  /// The memory that kept rows take.
  public var cacheByteCount: Int { cache.byteCount }

  /// Fills `frames` with where the thread is and its return addresses, innermost first.
  ///
  /// Every frame but the innermost is a caller's, to be looked up one byte before. What a signal
  /// interrupted is no caller, nor is the trampoline that the handler returns to: where each stands
  /// is exact, so its frame is given as one byte further on.
  ///
  /// - Parameters:
  ///   - registers: the thread's when it was stopped.
  ///   - stack: from its stack pointer on.
  ///   - space: what its process had mapped.
  /// - Returns: how many frames there are, at least one if `frames` has room, and why no more.
  public func unwind(
    _ registers: UnwindRegisters, _ stack: StackCopy, in space: borrowing AddressSpace,
    into frames: UnsafeMutableBufferPointer<UInt64>
  ) -> (count: Int, end: UnwindEnd) {
    var registers = registers
    var count = 0
    // An address that a call left behind is of the instruction after it, which may belong to
    // another function or to another row.
    var isCall = false
    while count < frames.count {
      let isExact = !isCall
      frames[count] = registers.programCounter
      count += 1
      let outcome = step(&registers, stack, space, &isCall)
      let isTrampoline = outcome == nil && !isCall
      if count > 1, isExact || isTrampoline { frames[count - 1] &+= 1 }
      if let outcome { return (count, outcome) }
    }
    return (count, .depthLimit)
  }

  /// Goes one frame outward; returns why it could not.
  private func step(
    _ registers: inout UnwindRegisters, _ stack: StackCopy, _ space: borrowing AddressSpace,
    _ isCall: inout Bool
  ) -> UnwindEnd? {
    let place = registers.programCounter &- (isCall ? 1 : 0)
    guard let mapping = space.mapping(at: place), let image = mapping.image,
      let row = cache.row(
        image: image, offset: place - mapping.start &+ mapping.offset,
        orElse: { findRow(image, place - mapping.start &+ mapping.offset) })
    else { return stepByFramePointer(&registers, stack, space, &isCall) }
    do throws(FrameError) {
      let before = registers
      let frame = try row.pointee.apply(to: &registers, stack, images.expressions(of: image))
      isCall = !row.pointee.isSignalFrame
      // The outermost function has no return address, or a zero one.
      if registers.known & 1 << UInt32(UnwindRegisters.programCounter) == 0
        || registers.programCounter == 0
      {
        return .complete
      }
      // Callers lie above, but those that a signal interrupted may be on another stack.
      if isCall, frame <= before.stackPointer { return .undecodable }
      return nil
    } catch {
      return error == .memory ? .stackCut : .undecodable
    }
  }

  private func findRow(_ image: UnwindImages.ID, _ offset: UInt64) -> UnwindRow? {
    guard let table = images.table(of: image) else { return nil }
    // A damaged description describes nothing.
    return try? table.row(atOffset: offset)
  }

  /// The caller by the chain of frame pointers: [saved frame pointer, return address].
  private func stepByFramePointer(
    _ registers: inout UnwindRegisters, _ stack: StackCopy, _ space: borrowing AddressSpace,
    _ isCall: inout Bool
  ) -> UnwindEnd? {
    guard let frame = try? registers.value(UnwindRegisters.framePointer) else {
      return .notDescribed
    }
    // By the calling convention, the outermost function's.
    if frame == 0 { return .complete }
    guard frame & 7 == 0, frame >= registers.stackPointer
    else { return .notDescribed }
    guard let caller = try? stack.word(at: frame), let address = try? stack.word(at: frame &+ 8)
    else { return frame < stack.end || frame &- stack.end < 1 << 23 ? .stackCut : .notDescribed }
    if address == 0 { return .complete }
    // Anything may stand where code that keeps no frame pointer leaves that register.
    guard space.mapping(at: address &- 1) != nil else { return .notDescribed }
    registers = UnwindRegisters()
    registers.programCounter = address
    registers.stackPointer = frame &+ 16
    registers.framePointer = caller
    isCall = true
    return nil
  }
}
