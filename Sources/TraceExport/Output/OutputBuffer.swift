import Glibc
public import TraceFormat

/// Collects output in one large buffer and hands it to a ``ByteSink``.
///
/// - Guarantee: bytes arrive whole and in order. After the first failure nothing more is written,
///   and ``failure`` says why.
/// - Cost: one comparison an append; one call of the sink every ``capacity`` bytes; no allocation.
/// - Trap: what is left in the buffer is written by ``flush()`` only.
public struct OutputBuffer: ~Copyable {
  /// Room that every append of one item may count on once ``reserve(_:)`` has been asked for it.
  static let itemByteLimit = 64

  let base: UnsafeMutablePointer<UInt8>
  let powersOfTen: UnsafePointer<UInt64>
  /// Bytes that the buffer holds before it calls the sink.
  public let capacity: Int
  /// Nil for a buffer that only collects; it fails when it is full.
  private let sink: (any ByteSink)?
  var count = 0
  /// Whether the next JSON key or array element needs a comma before it.
  var needsComma = false
  /// `errno` of the write that failed, or 0. `EPIPE`: the reader of the output has gone.
  public private(set) var failure: CInt = 0

  /// A buffer in front of `sink`.
  public init(_ sink: any ByteSink, capacity: Int = 256 * 1024) {
    self.init(sink: sink, capacity: capacity)
  }

  /// A buffer that only collects, up to `capacity` bytes.
  init(collecting capacity: Int) { self.init(sink: nil, capacity: capacity) }

  private init(sink: (any ByteSink)?, capacity: Int) {
    self.capacity = max(capacity, 4096)
    self.sink = sink
    base = .allocate(capacity: self.capacity + ByteSlice.padding)
    let powers = UnsafeMutableBufferPointer<UInt64>.allocate(capacity: 20)
    _ = powers.initialize(from: makePowersOfTen())
    powersOfTen = UnsafePointer(powers.baseAddress!)
  }

  deinit {
    base.deallocate()
    powersOfTen.deallocate()
  }

  /// Hands what has been collected to the sink.
  public mutating func flush() {
    if failure == 0, count > 0 {
      do throws(SinkError) {
        guard let sink else { throw SinkError(code: ENOBUFS) }
        try sink.write(UnsafeRawBufferPointer(start: base, count: count))
      } catch {
        failure = error.code == 0 ? EIO : error.code
      }
    }
    count = 0
  }

  @inline(__always)
  mutating func reserve(_ bytes: Int) {
    if capacity &- count < bytes { flush() }
  }

  @inline(__always)
  mutating func append(byte: UInt8) {
    reserve(1)
    base[count] = byte
    count &+= 1
  }

  @inline(__always)
  mutating func append(_ slice: ByteSlice) {
    if capacity &- count < slice.count {
      appendLong(slice)
      return
    }
    slice.copy(to: base + count)
    count &+= slice.count
  }

  @inline(never)
  private mutating func appendLong(_ slice: ByteSlice) {
    var rest = slice
    while rest.count > 0 {
      if count == capacity { flush() }
      let part = min(rest.count, capacity - count)
      (base + count).update(from: rest.start, count: part)
      count += part
      rest = ByteSlice(start: rest.start + part, count: rest.count - part)
    }
  }

  /// As ``append(_:)`` for what lies in a ``ByteArena``, which may be read beyond its end.
  @inline(__always)
  mutating func append(padded slice: ByteSlice) {
    if capacity &- count < slice.count {
      appendLong(slice)
      return
    }
    slice.copyPadded(to: base + count)
    count &+= slice.count
  }

  /// Appends a literal.
  @inline(__always)
  mutating func append(_ text: StaticString) {
    append(ByteSlice(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  /// Appends text as it is. For text that comes from a trace, see ``append(escaped:)``.
  public mutating func append(text: String) {
    var text = text
    text.withUTF8 { utf8 in
      if let start = utf8.baseAddress { append(ByteSlice(start: start, count: utf8.count)) }
    }
  }
}

/// Bytes that live elsewhere, in a ``ByteArena`` or in an event block.
struct ByteSlice: BitwiseCopyable {
  var start: UnsafePointer<UInt8>
  var count: Int

  static var empty: ByteSlice {
    // As long as the padding, which may be read.
    let nothing: StaticString = "                                "
    return ByteSlice(start: nothing.utf8Start, count: 0)
  }

  @inline(__always)
  init(start: UnsafePointer<UInt8>, count: Int) {
    self.start = start
    self.count = count
  }

  @inline(__always)
  init(_ bytes: UnsafeRawBufferPointer) {
    if let base = bytes.baseAddress {
      self.init(start: base.assumingMemoryBound(to: UInt8.self), count: bytes.count)
    } else {
      self = .empty
    }
  }

  /// Bytes that may be read beyond an arena's slice and written beyond a buffer's end.
  static let padding = 32

  /// Most strings are short: two overlapping words beat a call to memcpy.
  @inline(__always)
  func copy(to target: UnsafeMutablePointer<UInt8>) {
    if count >= 8, count <= 16 {
      copyEnds(to: target, as: UInt64.self)
    } else if count > 16 {
      UnsafeMutableRawPointer(target).copyMemory(from: start, byteCount: count)
    } else if count >= 4 {
      copyEnds(to: target, as: UInt32.self)
    } else if count >= 2 {
      copyEnds(to: target, as: UInt16.self)
    } else if count == 1 {
      target[0] = start[0]
    }
  }

  @inline(__always)
  private func copyEnds<T: BitwiseCopyable>(to target: UnsafeMutablePointer<UInt8>, as _: T.Type) {
    let from = UnsafeRawPointer(start)
    let to = UnsafeMutableRawPointer(target)
    let end = count &- MemoryLayout<T>.size
    let head = from.loadUnaligned(as: T.self)
    let tail = from.loadUnaligned(fromByteOffset: end, as: T.self)
    to.storeBytes(of: head, as: T.self)
    to.storeBytes(of: tail, toByteOffset: end, as: T.self)
  }

  /// Copies ``padding`` bytes whatever the count, when that is enough: no branch on it.
  @inline(__always)
  func copyPadded(to target: UnsafeMutablePointer<UInt8>) {
    let from = UnsafeRawPointer(start)
    let to = UnsafeMutableRawPointer(target)
    typealias Half = SIMD16<UInt8>
    if count <= Self.padding {
      let head = from.loadUnaligned(as: Half.self)
      let tail = from.loadUnaligned(fromByteOffset: 16, as: Half.self)
      to.storeBytes(of: head, as: Half.self)
      to.storeBytes(of: tail, toByteOffset: 16, as: Half.self)
    } else {
      to.copyMemory(from: from, byteCount: count)
    }
  }
}

/// Owns bytes that never move until it goes: names and prefixes that are rendered once per schema.
final class ByteArena {
  private var chunks: [UnsafeMutableRawBufferPointer] = []

  deinit {
    for chunk in chunks { chunk.deallocate() }
  }

  /// A copy with ``ByteSlice/padding`` readable bytes behind it.
  func store(_ bytes: [UInt8]) -> ByteSlice {
    let padded = bytes + [UInt8](repeating: 0, count: ByteSlice.padding)
    let chunk = allocate(UInt8.self, count: padded.count)
    _ = chunk.initialize(from: padded)
    return ByteSlice(start: UnsafePointer(chunk.baseAddress!), count: bytes.count)
  }

  func store(_ text: String) -> ByteSlice { store(Array(text.utf8)) }

  func store<T: BitwiseCopyable>(values: [T]) -> UnsafeBufferPointer<T> {
    let chunk = allocate(T.self, count: values.count)
    _ = chunk.initialize(from: values)
    return UnsafeBufferPointer(chunk)
  }

  private func allocate<T: BitwiseCopyable>(_: T.Type, count: Int) -> UnsafeMutableBufferPointer<T>
  {
    let chunk = UnsafeMutableRawBufferPointer.allocate(
      byteCount: max(1, count * MemoryLayout<T>.stride), alignment: MemoryLayout<T>.alignment)
    chunks.append(chunk)
    return chunk.bindMemory(to: T.self)
  }
}
