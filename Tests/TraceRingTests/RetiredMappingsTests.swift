import CTraceShims
import Glibc
import TestSupport
import Testing

@testable import TraceRing

/// Emitters in a page fault of a set that is detached and released meanwhile.
@Suite(.serialized, .usesEmitterSlots)
struct RetiredMappingsTests {
  /// The kernel reports the fault to the test, and suspends the emitter until the test lets it
  /// continue. With locks, the emitter is counted, so its set is not released.
  @Test(
    .needs(Requirement("userfaultfd") { PageFaults() != nil }),
    arguments: writerKinds)
  func anEmitterInAPageFaultOutlivesItsSet(_ kind: WriterKind) throws {
    var fixture = Optional(try RingFixture(kind: kind))
    var faults = PageFaults()
    try #require(faults != nil)
    let row = SharedRow()
    try #require(hold(fixture!.set, faults!))
    row.copy(from: fixture!.row)
    let emitter = Thread {
      withUnsafePointer(to: UInt64(42)) {
        RingWriter.write(
          row: row.pointer, mask: row.pointer.pointee.mask, payload: $0, words: 1)
      }
    }
    try waitUntil("the emitter is in a page fault") { faults!.hasOne }
    row.clear()
    fixture = nil
    faults = nil
    emitter.join()
  }

  /// Suspends accesses to the rings' control lines, which a section reads first.
  private func hold(_ set: BufferSet, _ faults: PageFaults) -> Bool {
    let start = UnsafeMutableRawPointer(set.control(0))
    return faults.hold(start, byteCount: UnsafeMutableRawPointer(set.data(0)) - start)
  }

  @Test func addressesStayMappedWithoutTheSetsMemory() throws {
    var fixture = Optional(try RingFixture(kind: .lock))
    fixture!.write([1])
    let memory = fixture!.set.mapping
    #expect(memory.load(as: UInt64.self) == RingLayout.magic)
    fixture = nil
    #expect(isMapped(memory))
    #expect(memory.load(as: UInt64.self) == 0)
    let end = trace_monotonic_ns() + RetiredMappings.keepNanoseconds
    RetiredMappings.unmapOld(atNanoseconds: end - 60_000_000_000)
    #expect(isMapped(memory))
    #expect(RetiredMappings.unmapOld(atNanoseconds: end) > 0)
    #expect(RetiredMappings.unmapOld(atNanoseconds: end) == 0)
  }

  private func isMapped(_ memory: UnsafeMutableRawBufferPointer) -> Bool {
    var resident = [UInt8](repeating: 0, count: (memory.count + 4095) / 4096)
    return mincore(memory.baseAddress, memory.count, &resident) == 0
  }
}

/// Page faults that wait for the test, by userfaultfd(2).
private final class PageFaults: Sendable {
  private struct Registration {
    var start: UInt64
    var byteCount: UInt64
    /// Selects faults of missing pages.
    var mode: UInt64 = 1
    var calls: UInt64 = 0
  }

  #if arch(x86_64)
    private static let callNumber = 323
  #else
    private static let callNumber = 282
  #endif
  private let descriptor: Int32

  /// Fails if the kernel does not support such faults, or not for shared memory.
  init?() {
    typealias Call = @convention(c) (Int, Int) -> Int
    guard let symbol = dlsym(nil, "syscall") else { return nil }
    // Only faults of user code, which any user may handle.
    let flags = Int(O_CLOEXEC | O_NONBLOCK | 1)
    descriptor = Int32(unsafeBitCast(symbol, to: Call.self)(Self.callNumber, flags))
    guard descriptor >= 0 else { return nil }
    let missingSharedMemory: UInt64 = 1 << 5
    var version = (api: UInt64(0xaa), features: missingSharedMemory, calls: UInt64(0))
    guard ioctl(descriptor, 0xc018_aa3f, &version) == 0 else { return nil }
  }

  /// Resumes the waiting threads, which access their addresses again.
  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Makes the first access to one of these pages wait.
  func hold(_ start: UnsafeMutableRawPointer, byteCount: Int) -> Bool {
    var registration = Registration(
      start: UInt64(UInt(bitPattern: start)), byteCount: UInt64(byteCount))
    return ioctl(descriptor, 0xc020_aa00, &registration) == 0
  }

  /// Whether a thread has begun to wait since the last call.
  var hasOne: Bool {
    var message = [UInt8](repeating: 0, count: 32)
    return read(descriptor, &message, message.count) == message.count
  }
}
