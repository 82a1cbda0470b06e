import CTraceShims
import Glibc

/// The parameters of a buffer set, chosen by the session.
public struct BufferSetParameters: Sendable, Equatable {
  public var ringCount: Int
  /// A power of two, from ``RingLayout/ringBytesMin`` to ``RingLayout/ringBytesMax``.
  public var ringBytes: Int
  public var mode: BufferMode
  public var writerKind: WriterKind
  public var blockTimeoutNanoseconds: UInt64
  /// If false, ticks are the machine's counter; if true, nanoseconds of CLOCK_MONOTONIC (lock sets
  /// only).
  public var usesMonotonicClock: Bool
  /// The trace's stream number of the first ring, and the trace's start time. They identify the set
  /// after its session was killed.
  public var firstStream: UInt32 = 0
  public var sessionTicks: UInt64 = 0

  public init(
    ringCount: Int, ringBytes: Int, mode: BufferMode, writerKind: WriterKind,
    blockTimeoutNanoseconds: UInt64 = 1_000_000_000, usesMonotonicClock: Bool = false
  ) {
    self.ringCount = ringCount
    self.ringBytes = ringBytes
    self.mode = mode
    self.writerKind = writerKind
    self.blockTimeoutNanoseconds = blockTimeoutNanoseconds
    self.usesMonotonicClock = usesMonotonicClock
  }

  var isValid: Bool {
    (1...RingLayout.ringCountMax).contains(ringCount)
      && (RingLayout.ringBytesMin...RingLayout.ringBytesMax).contains(ringBytes)
      && ringBytes & (ringBytes - 1) == 0
      && firstStream <= .max - UInt32(ringCount)
      && !(usesMonotonicClock && writerKind == .rseq)
  }
}

/// The reason why memory cannot be created or used as a buffer set.
public enum BufferSetError: Error, Equatable {
  case invalidParameters
  /// A system call failed.
  case system(call: String, code: Int32)
  /// The descriptor is not a buffer set of this ABI, or its size does not fit its header.
  case notABufferSet
  /// The set would take more of the machine's memory than ``BufferSet/bytesMax``.
  case tooLarge(bytes: Int)
  /// The session's buffers already take as much memory as they may.
  case noMemoryLeft
}

extension BufferSetError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .invalidParameters: "the sizes are not valid"
    case .system(let call, let code): "\(call): \(String(cString: strerror(code)))"
    case .notABufferSet: "they are not of this version, or their size is wrong"
    case .tooLarge(let bytes):
      "they take \(bytes >> 20) MiB, and \(BufferSet.bytesMax >> 20) MiB is the most: half of the "
        + "machine's memory"
    case .noMemoryLeft: "the session's buffers already take as much memory as they may"
    }
  }
}

/// A mapping of a buffer set: the memory that emitters write and a session drains.
///
/// - Guarantee: addresses are computed from values that were checked once, never from the memory's
///   current contents.
/// - Cost: address space for every CPU; memory only for the pages that are written.
public final class BufferSet: @unchecked Sendable {
  public let parameters: BufferSetParameters
  /// The maximum size of a set: half of the machine's memory.
  public static let bytesMax: Int = {
    let (pages, size) = (sysconf(Int32(_SC_PHYS_PAGES)), sysconf(Int32(_SC_PAGESIZE)))
    return pages > 0 && size > 0 ? pages / 2 * size : .max
  }()

  /// The memfd of a set created by this process; -1 for an attached set, and after
  /// ``closeDescriptor()``.
  public private(set) var descriptor: Int32
  let base: UnsafeMutableRawPointer
  /// The maximum memory of the set. Pages take memory only once they are written.
  public let byteCount: Int
  /// Ticks when the set was mapped; anything written to a set created here is not earlier.
  let mappedTicks: UInt64
  /// The same moment on CLOCK_MONOTONIC.
  let mappedNanoseconds: UInt64
  /// Whether this process's emitters have used the mapping. Set by ``EmitterSlots``.
  var hasHadEmitters = false

  /// Creates a set. The caller passes its descriptor to processes.
  public static func create(_ parameters: BufferSetParameters) throws(BufferSetError) -> BufferSet {
    guard parameters.isValid else { throw .invalidParameters }
    let descriptor = trace_memfd("trace-buffers")
    guard descriptor >= 0 else { throw .system(call: "memfd_create", code: errno) }
    let size = RingLayout.setBytes(
      ringCount: parameters.ringCount, ringBytes: parameters.ringBytes)
    guard ftruncate(descriptor, size) == 0, trace_memfd_seal(descriptor) == 0 else {
      let code = errno
      close(descriptor)
      throw .system(call: "ftruncate", code: code)
    }
    let set = try BufferSet(parameters, descriptor: descriptor, byteCount: size)
    set.writeHeader()
    return set
  }

  /// Maps a set created by a session. The caller keeps the descriptor.
  ///
  /// - Guarantee: the header is read once, and every number in it is checked, except the block
  ///   timeout, which ``EmitterSlots`` bounds.
  public static func attach(descriptor: Int32) throws(BufferSetError) -> BufferSet {
    try attach(descriptor: descriptor, flags: MAP_SHARED)
  }

  /// Maps a set for reading, by a descriptor open for reading. Stores to the mapping do not change
  /// the set.
  public static func attachCopy(descriptor: Int32) throws(BufferSetError) -> BufferSet {
    try attach(descriptor: descriptor, flags: MAP_PRIVATE)
  }

  private static func attach(
    descriptor: Int32, flags: Int32
  ) throws(BufferSetError) -> BufferSet {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw .system(call: "fstat", code: errno) }
    guard trace_memfd_is_sealed(descriptor), status.st_size >= RingLayout.headerBytes else {
      throw .notABufferSet
    }
    var header = trace_set_header()
    let size = MemoryLayout<trace_set_header>.size
    guard pread(descriptor, &header, size, 0) == size else { throw .notABufferSet }
    guard header.magic == RingLayout.magic, header.abi == RingLayout.abi,
      let mode = BufferMode(rawValue: header.mode),
      let kind = WriterKind(rawValue: header.writer_kind)
    else { throw .notABufferSet }
    var parameters = BufferSetParameters(
      ringCount: Int(header.ring_count), ringBytes: Int(clamping: header.ring_bytes), mode: mode,
      writerKind: kind, blockTimeoutNanoseconds: header.block_timeout_ns,
      usesMonotonicClock: header.uses_monotonic_clock != 0)
    parameters.firstStream = header.first_stream
    parameters.sessionTicks = header.session_ticks
    guard parameters.isValid,
      RingLayout.setBytes(ringCount: parameters.ringCount, ringBytes: parameters.ringBytes)
        == Int(status.st_size)
    else { throw .notABufferSet }
    guard Int(status.st_size) <= bytesMax else { throw .tooLarge(bytes: Int(status.st_size)) }
    let mapping = try BufferSet(
      parameters, descriptor: descriptor, byteCount: Int(status.st_size), flags: flags)
    mapping.descriptor = -1
    return mapping
  }

  private init(
    _ parameters: BufferSetParameters, descriptor: Int32, byteCount: Int,
    flags: Int32 = MAP_SHARED
  ) throws(BufferSetError) {
    let mapping = mmap(nil, byteCount, PROT_READ | PROT_WRITE, flags, descriptor, 0)
    guard let mapping, mapping != MAP_FAILED else { throw .system(call: "mmap", code: errno) }
    self.parameters = parameters
    self.descriptor = descriptor
    base = mapping
    self.byteCount = byteCount
    mappedNanoseconds = trace_monotonic_ns()
    mappedTicks = parameters.usesMonotonicClock ? mappedNanoseconds : trace_ticks()
  }

  deinit {
    if hasHadEmitters { RetiredMappings.add(mapping) } else { munmap(base, byteCount) }
    closeDescriptor()
  }

  /// Closes the descriptor; the set cannot be passed to further processes.
  public func closeDescriptor() {
    if descriptor >= 0 { close(descriptor) }
    descriptor = -1
  }

  private func writeHeader() {
    let header = self.header
    header.pointee.abi = RingLayout.abi
    header.pointee.ring_count = UInt32(parameters.ringCount)
    header.pointee.ring_bytes = UInt64(parameters.ringBytes)
    header.pointee.mode = parameters.mode.rawValue
    header.pointee.writer_kind = parameters.writerKind.rawValue
    header.pointee.block_timeout_ns = parameters.blockTimeoutNanoseconds
    header.pointee.uses_monotonic_clock = parameters.usesMonotonicClock ? 1 : 0
    header.pointee.first_stream = parameters.firstStream
    header.pointee.session_ticks = parameters.sessionTicks
    header.pointee.magic = RingLayout.magic
  }

  var header: UnsafeMutablePointer<trace_set_header> {
    base.assumingMemoryBound(to: trace_set_header.self)
  }

  func control(_ ring: Int) -> UnsafeMutablePointer<trace_ring_control> {
    (base + RingLayout.headerBytes + ring * RingLayout.controlBytes)
      .assumingMemoryBound(to: trace_ring_control.self)
  }

  func data(_ ring: Int) -> UnsafeMutablePointer<UInt64> {
    (base + RingLayout.dataOffset(ringCount: parameters.ringCount) + ring * parameters.ringBytes)
      .assumingMemoryBound(to: UInt64.self)
  }

  /// The mapping, for a forked child, which must not use this object.
  public var mapping: UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(start: base, count: byteCount)
  }

  /// The address of the first ring's data, for tests that damage it.
  package var firstRingData: UnsafeMutablePointer<UInt64> { data(0) }

  /// Writes arbitrary data anywhere in the set, as any process that has mapped it could; for tests.
  package func overwrite(at place: Int, with bytes: UnsafeRawBufferPointer) {
    guard place >= 0, place < byteCount, let source = bytes.baseAddress else { return }
    (base + place).copyMemory(from: source, byteCount: min(bytes.count, byteCount - place))
  }

  /// Punches a hole into the memory, which then reads as zeros, as any process with its descriptor
  /// could; for tests.
  package func punch(at place: Int, count: Int) {
    guard place >= 0, place < byteCount, count > 0 else { return }
    trace_memfd_punch(descriptor, place, min(count, byteCount - place))
  }

  /// Events that threads without an rseq area could not write.
  public var lostWithoutRseq: UInt64 {
    trace_load_u64(&header.pointee.lost_without_rseq)
  }

  /// The current time on the clock of this set's records.
  public var ticks: UInt64 { parameters.usesMonotonicClock ? trace_monotonic_ns() : trace_ticks() }
}
