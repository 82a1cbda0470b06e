internal import CTraceShims
internal import Glibc
internal import Locks
internal import OSStrings
internal import TraceFormat
internal import TraceKernel
internal import TraceSession
internal import TraceSymbols

/// Unwinds the stacks of this process's stopped threads. Used on one thread at a time.
///
/// - Guarantee: between requests at most one is kept, with at most ``keptBytes`` of tables, and for
///   ``kept_ns`` at most.
/// - Cost: reads an image's call frame information when it occurs first; then some microseconds
///   for a stack.
/// - Trap: code mapped after ``readMaps()`` is unknown until it is read again, which happens once a
///   second at most.
final class OwnStacks: @unchecked Sendable {
  private static let framesMax = 512
  private static let keptBytes = 16 << 20
  private static let kept_ns: UInt64 = 600_000_000_000
  private static let imagesMax = 4096
  private static let kept = Lock<OwnStacks?>(nil)

  private static let readAgain_ns: UInt64 = 1_000_000_000

  private let pid = UInt32(getpid())
  private let made_ns = trace_monotonic_ns()
  private let unwinder = Unwinder(images: UnwindImages(countLimit: imagesMax))
  private var space = AddressSpace()
  private var read_ns: UInt64 = 0
  private let room = UnsafeMutableBufferPointer<UInt64>.allocate(capacity: framesMax)

  private init() {}

  deinit { room.deallocate() }

  /// Returns the one that an earlier request gave back, or a new one; in any case with the present
  /// mappings.
  static func take() -> OwnStacks {
    let stacks = kept.withLock { kept in
      defer { kept = nil }
      return kept
    }
    let result = stacks ?? OwnStacks()
    result.readMaps()
    return result
  }

  /// Leaves it to the requests that follow.
  func giveBack() {
    guard unwinder.images.byteCount + unwinder.cacheByteCount <= Self.keptBytes,
      trace_monotonic_ns() &- made_ns < Self.kept_ns
    else { return }
    Self.kept.withLock { $0 = self }
  }

  private func readMaps() {
    space.removeAll()
    read_ns = trace_monotonic_ns()
    ProcessMaps.read(pid: pid) { map in
      guard map.isExecutable else { return }
      var image: UnwindImages.ID?
      if map.isFile || map.name.kind == .vdso {
        let identity = UnwindImages.Identity(
          path: map.path, device: map.device, inode: map.inode)
        image = unwinder.images.id(of: identity, in: pid, mappedAt: map.start..<map.end)
      }
      space.map(map.start..<map.end, offset: map.fileOffset, image: image)
    }
  }

  /// The stack's addresses, innermost first, as a sample has them; at the end
  /// `StackNode.lostAddress` if outer callers are missing.
  func stack(of stop: UnsafeMutablePointer<trace_stop>) -> [UInt64] {
    guard UnwindRegisters.isSupported else { return followed(stop) }
    let address = withUnsafeBytes(of: &stop.pointee.registers) {
      $0.loadUnaligned(fromByteOffset: 8 * Self.programCounter, as: UInt64.self)
    }
    if !space.hasCode(before: address &+ 1), trace_monotonic_ns() &- read_ns > Self.readAgain_ns {
      readMaps()
    }
    let size = Int(min(stop.pointee.size, UInt32(TRACE_STOP_BYTES)))
    // The copy is the struct's end; Swift does not import arrays of this size.
    let bytes = UnsafeRawBufferPointer(
      start: UnsafeRawPointer(stop) + MemoryLayout<trace_stop>.size - Int(TRACE_STOP_BYTES),
      count: size)
    let result = withUnsafeBytes(of: &stop.pointee.registers) { words in
      let registers = UnwindRegisters(perf: words)
      let copy = StackCopy(address: registers.stackPointer, bytes: bytes)
      return unwinder.unwind(registers, copy, in: space, into: room)
    }
    var frames = Array(room[..<result.count])
    if result.end != .complete { frames.append(StackNode.lostAddress) }
    return frames
  }

  /// Position of the instruction pointer in the kernel's perf_regs.h.
  private static let programCounter = 8

  private func followed(_ stop: UnsafeMutablePointer<trace_stop>) -> [UInt64] {
    let count = Int(min(stop.pointee.frame_count, UInt32(TRACE_STOP_FRAMES)))
    return withUnsafeBytes(of: &stop.pointee.frames) { bytes in
      (0..<count).map { bytes.loadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self) }
    }
  }
}
