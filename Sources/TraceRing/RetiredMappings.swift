import CTraceShims
import Glibc
import Synchronization

/// The addresses of released buffer sets that emitters had written to. They stay mapped for a
/// while, with other memory behind them.
///
/// The barrier of ``EmitterSlots/detach(_:)`` restarts each emitter inside a section before its
/// next instruction. It does not wait for an emitter whose instruction is in a page fault. The
/// kernel completes the fault first, and sends SIGSEGV if nothing is mapped there any more. On a
/// busy machine, a thread can be preempted inside a page fault for as long as others are running.
///
/// - Guarantee: the set's own memory is unmapped at once. A late emitter reads and writes nothing,
///   because it starts over when its page fault is complete.
/// - Cost: address space; memory only for a page that a late emitter was waiting for.
enum RetiredMappings {
  static let keepNanoseconds: UInt64 = 600_000_000_000
  /// If more sets are released within ``keepNanoseconds``, the oldest is unmapped early.
  static let countMax = 4096

  private struct Mapping {
    var start: UInt
    var byteCount: Int
    var until_ns: UInt64
  }

  /// Oldest first. Behind a pointer, so that a forked child can leave the parent's list, whose lock
  /// may be taken, behind.
  nonisolated(unsafe) private static var list = makeList()

  private static func makeList() -> UnsafeMutablePointer<Mutex<[Mapping]>> {
    let list = UnsafeMutablePointer<Mutex<[Mapping]>>.allocate(capacity: 1)
    list.initialize(to: Mutex([]))
    return list
  }

  /// Unmaps a set's memory, but keeps its addresses.
  static func add(_ memory: UnsafeMutableRawBufferPointer) {
    // The kernel replaces a mapping in one step. If it fails, the set's memory stays for a while.
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

  /// Unmaps the addresses that have been kept for long enough, and returns of how many sets.
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

  /// Called in the child after a fork, which does not have the mappings.
  static func forgetAfterFork() { list = makeList() }
}
