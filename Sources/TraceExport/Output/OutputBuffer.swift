import Glibc
public import TraceFormat

/// Collects output in one large buffer and writes it to a ``ByteSink``.
///
/// - Guarantee: bytes are written completely and in order. After the first failure nothing more is
///   written, and ``failure`` contains the reason.
/// - Cost: one comparison per append; one call of the sink per ``capacity`` bytes; no allocation.
/// - Trap: the remaining bytes in the buffer are written only by ``flush()``.
public struct OutputBuffer: ~Copyable {
  /// Maximum size of an item that can be appended after ``reserve(_:)``.
  static let itemByteLimit = 64

  let base: UnsafeMutablePointer<UInt8>
  let powersOfTen: UnsafePointer<UInt64>
  /// Number of bytes that the buffer holds before it calls the sink.
  public let capacity: Int
  /// The sink; nil for a buffer that only collects and fails when it is full.
  private let sink: (any ByteSink)?
  var count = 0
  /// Whether the next JSON key or array element needs a comma before it.
  var needsComma = false
  /// `errno` of the failed write, or 0. `EPIPE` means that the reader of the output has closed its
  /// end.
  public private(set) var failure: CInt = 0

  /// Creates a buffer that writes to `sink`.
  public init(_ sink: any ByteSink, capacity: Int = 64 * 1024) {
    self.init(sink: sink, capacity: capacity)
  }

  /// Creates a buffer that only collects, up to `capacity` bytes.
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

  /// Writes the collected bytes to the sink.
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

  /// Ends the output because its content could not be made; the first reason is kept.
  mutating func fail(_ code: CInt) {
    if failure == 0 { failure = code }
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

  /// Like ``append(_:)`` for bytes in a ``ByteArena``, which may be read beyond their end.
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

  /// Appends text unchanged. For text from a trace, see ``append(escaped:)``.
  public mutating func append(text: String) {
    var text = text
    text.withUTF8 { utf8 in
      if let start = utf8.baseAddress { append(ByteSlice(start: start, count: utf8.count)) }
    }
  }
}

/// A reference to bytes in a ``ByteArena`` or in an event block.
struct ByteSlice: BitwiseCopyable {
  var start: UnsafePointer<UInt8>
  var count: Int

  static var empty: ByteSlice {
    // As long as the padding, all of which may be read.
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

  /// Number of bytes that may be read beyond an arena's slice and written beyond a buffer's end.
  static let padding = 32

  /// Most strings are short: copying two overlapping words is faster than a call of memcpy.
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

  /// Copies ``padding`` bytes if the count does not exceed it, which avoids branching on the count.
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

/// Owns bytes that never move during its lifetime: names and prefixes rendered once per schema.
final class ByteArena {
  private var chunks: [UnsafeMutableRawBufferPointer] = []

  deinit {
    for chunk in chunks { chunk.deallocate() }
  }

  /// Returns a copy with ``ByteSlice/padding`` readable bytes after it.
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
