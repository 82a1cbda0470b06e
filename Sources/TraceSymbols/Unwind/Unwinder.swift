/// The result of unwinding a stack.
public enum UnwindEnd: Hashable, Sendable {
  /// The thread's entry function was reached, which is marked as having no caller.
  case complete
  /// The next frame is beyond the copied part of the stack.
  case stackCut
  /// No image describes the code, and its frame pointer is invalid.
  case notDescribed
  /// The unwind information is damaged, or needs memory or registers that are not known.
  case undecodable
  /// There are more frames than the limit.
  case depthLimit
}

/// Finds the callers of a stopped thread from its registers and a copy of its stack.
///
/// The images' call frame information gives the location of the caller's registers in each
/// function, so code without frame pointers can be unwound. Code outside all images is assumed to
/// keep frame pointers. The input is untrusted: the number of frames is bounded, and memory is read
/// only inside the copy. Used on one thread.
///
/// Cost: a lookup for a frame whose row was used before; for a new address, running the function's
/// instructions; reading an image when it first occurs.
public final class Unwinder {
  /// The mapped images.
  public let images: UnwindImages
  private let cache: RowCache

  public init(images: UnwindImages = UnwindImages(), rowCapacity: Int = 16_384) {
    self.images = images
    cache = RowCache(capacity: rowCapacity)
  }

  /// The memory that cached rows take.
  public var cacheByteCount: Int { cache.byteCount }

  /// Fills `frames` with the thread's instruction pointer and its return addresses, innermost
  /// first.
  ///
  /// Every frame but the innermost is a return address, to be looked up one byte before. Exceptions
  /// are code interrupted by a signal and the trampoline that the handler returns to: their
  /// positions are exact, so their frames have one byte added.
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
    // A return address is that of the instruction after the call, which may belong to another
    // function or another row.
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

  /// Moves to the next outer frame; returns the reason if that is not possible.
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
      // Callers are at higher addresses, except that code interrupted by a signal may be on another
      // stack.
      if isCall, frame <= before.stackPointer { return .undecodable }
      return nil
    } catch {
      return error == .memory ? .stackCut : .undecodable
    }
  }

  private func findRow(_ image: UnwindImages.ID, _ offset: UInt64) -> UnwindRow? {
    guard let table = images.table(of: image) else { return nil }
    // A damaged description is not used.
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
    // The outermost function, by the calling convention.
    if frame == 0 { return .complete }
    guard frame & 7 == 0, frame >= registers.stackPointer
    else { return .notDescribed }
    guard let caller = try? stack.word(at: frame), let address = try? stack.word(at: frame &+ 8)
    else { return frame < stack.end || frame &- stack.end < 1 << 23 ? .stackCut : .notDescribed }
    if address == 0 { return .complete }
    // In code without frame pointers, the register may have any value.
    guard space.mapping(at: address &- 1) != nil else { return .notDescribed }
    registers = UnwindRegisters()
    registers.programCounter = address
    registers.stackPointer = frame &+ 16
    registers.framePointer = caller
    isCall = true
    return nil
  }
}
