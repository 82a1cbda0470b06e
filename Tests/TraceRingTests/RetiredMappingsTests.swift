import CTraceShims
import Glibc
import TestSupport
import Testing

@testable import TraceRing

/// Emitters that are in a page fault of a set while it is detached and released.
@Suite(.serialized, .usesEmitterSlots)
struct RetiredMappingsTests {
  /// The kernel reports the fault to the test, and holds the emitter until the test lets it go on.
  /// With locks, the emitter is counted, and so its set is not released.
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

  /// The rings' control lines are what a section reads first.
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

/// userfaultfd(2): page faults that wait for the test.
private final class PageFaults: Sendable {
  private struct Registration {
    var start: UInt64
    var byteCount: UInt64
    /// Of pages that are missing.
    var mode: UInt64 = 1
    var calls: UInt64 = 0
  }

  #if arch(x86_64)
    private static let callNumber = 323
  #else
    private static let callNumber = 282
  #endif
  private let descriptor: Int32

  /// Fails where the kernel has no such faults, or not of shared memory.
  init?() {
    typealias Call = @convention(c) (Int, Int) -> Int
    guard let symbol = dlsym(nil, "syscall") else { return nil }
    // Faults of user code only: any user may wait for those.
    let flags = Int(O_CLOEXEC | O_NONBLOCK | 1)
    descriptor = Int32(unsafeBitCast(symbol, to: Call.self)(Self.callNumber, flags))
    guard descriptor >= 0 else { return nil }
    let missingSharedMemory: UInt64 = 1 << 5
    var version = (api: UInt64(0xaa), features: missingSharedMemory, calls: UInt64(0))
    guard ioctl(descriptor, 0xc018_aa3f, &version) == 0 else { return nil }
  }

  /// Threads that wait look up their addresses again.
  deinit { if descriptor >= 0 { close(descriptor) } }

  /// From now on, a first access to one of these pages waits.
  func hold(_ start: UnsafeMutableRawPointer, byteCount: Int) -> Bool {
    var registration = Registration(
      start: UInt64(UInt(bitPattern: start)), byteCount: UInt64(byteCount))
    return ioctl(descriptor, 0xc020_aa00, &registration) == 0
  }

  /// Whether a thread has begun to wait since this was last asked.
  var hasOne: Bool {
    var message = [UInt8](repeating: 0, count: 32)
    return read(descriptor, &message, message.count) == message.count
  }
}
