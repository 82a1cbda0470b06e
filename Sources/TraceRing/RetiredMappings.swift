import CTraceShims
import Glibc
import Locks

/// Address ranges of released buffer sets that emitters had written to. They stay mapped to other
/// memory for some time.
///
/// The barrier of ``EmitterSlots/detach(_:)`` restarts each emitter inside a section before its
/// next instruction. It does not wait for an emitter whose instruction is in a page fault. The
/// kernel completes the fault first, and sends SIGSEGV if nothing is mapped there any more. On a
/// busy machine, a thread can be preempted inside a page fault for as long as other threads are
/// running.
///
/// - Guarantee: the set's own memory is unmapped at once. A late emitter reads and writes nothing,
///   because it starts over when its page fault is complete.
/// - Cost: address space; memory only for a page that a late emitter was waiting for.
enum RetiredMappings {
  static let keepNanoseconds: UInt64 = 600_000_000_000
  /// Maximum number of sets; beyond that, the oldest are unmapped before ``keepNanoseconds`` have
  /// passed.
  static let countMax = 4096

  private struct Mapping {
    var start: UInt
    var byteCount: Int
    var until_ns: UInt64
  }

  /// Mappings, oldest first. Stored behind a pointer, so that a forked child can replace the list,
  /// whose lock another thread of the parent may have held.
  nonisolated(unsafe) private static var list = makeList()

  private static func makeList() -> UnsafeMutablePointer<Lock<[Mapping]>> {
    let list = UnsafeMutablePointer<Lock<[Mapping]>>.allocate(capacity: 1)
    list.initialize(to: Lock([]))
    return list
  }

  /// Releases a set's memory, but keeps its address range mapped.
  static func add(_ memory: UnsafeMutableRawBufferPointer) {
    // The kernel replaces a mapping in one step. If it fails, the set's own memory stays mapped.
    let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED
    _ = mmap(memory.baseAddress, memory.count, PROT_READ | PROT_WRITE, flags, -1, 0)
    madvise(memory.baseAddress, memory.count, MADV_DONTFORK)
    let now = trace_monotonic_ns()
    let mapping = Mapping(
      start: UInt(bitPattern: memory.baseAddress), byteCount: memory.count,
      until_ns: now &+ keepNanoseconds)
    list.pointee.withLock { $0.append(mapping) }
    unmapOld(atNanoseconds: now)
  }

  /// Unmaps ranges that were kept for long enough, and returns their number.
  @discardableResult
  static func unmapOld(atNanoseconds now: UInt64) -> Int {
    let old = list.pointee.withLock { mappings in
      let tooMany = max(0, mappings.count - countMax)
      let count = mappings.firstIndex { $0.until_ns > now } ?? mappings.count
      let old = Array(mappings.prefix(max(count, tooMany)))
      mappings.removeFirst(old.count)
      return old
    }
    for mapping in old {
      munmap(UnsafeMutableRawPointer(bitPattern: mapping.start), mapping.byteCount)
    }
    return old.count
  }

  static func prepareForForks() { trace_use(list) }

  /// Called after a fork in the child, which does not inherit the mappings.
  static func forgetAfterFork() { list = makeList() }
}
