import CTraceShims
import Glibc
import TraceRing

/// The buffers of the session that was killed last, kept for a while so that `tracectl recover` can
/// read what stands in them. On the control thread only.
///
/// - Guarantee: one set at most, for ``keepNanoseconds`` at most; nobody writes to it.
/// - Cost: the set's memory; programs that share buffers keep it together.
enum OrphanedSet {
  static let keepNanoseconds: UInt64 = 600_000_000_000

  private struct Kept {
    var set: BufferSet
    /// By which another process finds the memory.
    var descriptor: Int32
    var until_ns: UInt64
  }

  nonisolated(unsafe) private static var kept: Kept?
  /// The mapping, apart from the object, for a forked child.
  nonisolated(unsafe) private static var mapping = UnsafeMutableRawBufferPointer(
    start: nil, count: 0)

  static func keep(_ set: BufferSet, descriptor: Int32) {
    drop()
    kept = Kept(
      set: set, descriptor: descriptor, until_ns: trace_monotonic_ns() &+ keepNanoseconds)
    mapping = set.mapping
  }

  static func dropWhenOld() {
    if let kept, trace_monotonic_ns() >= kept.until_ns { drop() }
  }

  static func drop() {
    guard let kept else { return }
    mapping = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    OpenDescriptors.close(kept.descriptor)
    Self.kept = nil
  }

  /// In the child after a fork: the memory is the parent's to keep. The object stays behind.
  static func forgetAfterFork() {
    if let start = mapping.baseAddress { munmap(start, mapping.count) }
    mapping = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    if let set = kept?.set { _ = Unmanaged.passRetained(set) }
    kept = nil
  }
}
