import CTraceShims
import Glibc
import TraceRing

/// The buffers of the last session that was killed, kept for a while so that `tracectl recover` can
/// read them. Used only on the control thread.
///
/// - Guarantee: at most one set, for at most ``keepNanoseconds``; it is never written to.
/// - Cost: the set's memory. Programs that share buffers share this cost.
enum OrphanedSet {
  static let keepNanoseconds: UInt64 = 600_000_000_000

  private struct Kept {
    var set: BufferSet
    /// The descriptor by which another process finds the memory.
    var descriptor: Int32
    var until_ns: UInt64
  }

  nonisolated(unsafe) private static var kept: Kept?
  /// The mapping without the object, for a forked child.
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

  static func prepareForForks() {
    if kept == nil { forgetAfterFork() }
  }

  /// Called in the child after a fork. The parent keeps the memory, and the object is abandoned.
  static func forgetAfterFork() {
    if let start = mapping.baseAddress { munmap(start, mapping.count) }
    mapping = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    if let set = kept?.set { _ = Unmanaged.passRetained(set) }
    kept = nil
  }
}
