import CTraceShims

// The shared-memory contract between the processes that emit and the session that drains.
//
//     buffer set (one memfd, sealed: it can neither shrink nor grow)
//     ┌────────────────────┐ 0
//     │ header page        │ struct trace_set_header: the session writes it once
//     ├────────────────────┤ 4096
//     │ control, ring 0    │ 256 bytes: 128 for producers, 128 for the consumer
//     │ control, ring 1 …  │
//     ├────────────────────┤ next multiple of 64 KiB
//     │ data, ring 0       │ pages of 64 KiB; a record never lies in two pages
//     │ data, ring 1 …     │
//     └────────────────────┘
//
//     page     [page context][record][record][context][record] … [pad]
//     record   header word, payload words, stack words
//     header   bits 0-31 ticks since the base · 32-47 event ref · 48-60 words · 61 stack · 62
//     rundown ref 0    not an event; bits 0-31 say what: 1 pad, 2 context, 3 page context
//     context  [header][writer][base ticks]
//     page     [header][writer][base ticks][events before][position][lost, 5 causes][0][0]
//     context
//
// Who may change what:
//   tail, writer, base_ticks, lost, data   the thread on that CPU inside a restartable section
//   (rseq sets),
//                                          or the holder of the ring's lock (lock sets). Never both
//                                          kinds.
//   head                                   the session's drain
//   wake_wanted                            set by the drain, cleared by the producer that wakes it
//
// States of a ring, seen from a producer with a record of n words (words left = (-tail) mod 8192):
//   writable   writer = me, ticks - base < 2^32, words left ≥ n      → record, commit tail
//   foreign    writer ≠ me, or the delta overflows                    → context, then writable
//   page full  words left < n (0 also when the page was never entered) → pad, next page, page
//   context ring full  the next page is not free (discard, block)             → loss, or wait
// A switch stores writer = 0 first and writer = me last: interrupted anywhere between, every
// producer finds the ring foreign and starts over. The consumer relies on tail alone.

/// Constants of the ring's layout.
public enum RingLayout {
  static let magic: UInt64 = 0x474e_4952_4543_4152  // "RACERING"
  static let abi: UInt32 = 1
  static let headerBytes = 4096
  static let controlBytes = MemoryLayout<trace_ring_control>.size
  static let pageBytes = pageWords * 8

  /// Words of a page: 64 KiB.
  public static let pageWords = 8192
  static let pageContextWords = 12
  static let contextWords = 3
  /// The longest record, its header included.
  public static let recordWordsMax = pageWords - pageContextWords
  /// The longest payload in bytes, stack included.
  public static let payloadBytesMax = (recordWordsMax - 1) * 8

  public static let ringBytesMin = 2 * pageWords * 8
  public static let ringBytesMax = 1 << 30
  public static let ringCountMax = 4096
  /// Rings of a lock set: threads that meet pass on to the next.
  public static let lockRingCountMin = 4

  @usableFromInline static let positionMask: UInt64 = (1 << 51) - 1
  static let eventCountShift: UInt64 = 51

  static func dataOffset(ringCount: Int) -> Int {
    let end = headerBytes + ringCount * controlBytes
    return (end + pageBytes - 1) / pageBytes * pageBytes
  }

  /// Bytes of a whole set.
  public static func setBytes(ringCount: Int, ringBytes: Int) -> Int {
    dataOffset(ringCount: ringCount) + ringCount * ringBytes
  }
}

/// The header word of a record.
public enum RecordHeader {
  @usableFromInline static let stackFlag: UInt64 = 1 << 61
  @usableFromInline static let rundownFlag: UInt64 = 1 << 62

  enum Control {
    static let pad: UInt64 = 1
    static let context: UInt64 = 2
    static let pageContext: UInt64 = 3
  }

  @inlinable @inline(__always)
  static func words(_ header: UInt64) -> Int { Int((header >> 48) & 0x1fff) }

  @inlinable @inline(__always)
  static func ref(_ header: UInt64) -> UInt16 { UInt16(truncatingIfNeeded: header >> 32) }
}

/// What happens when a ring is full.
public enum BufferMode: UInt32, CaseIterable, Sendable {
  /// New events are dropped and counted.
  case discard = 0
  /// The oldest page goes: a flight recorder.
  case overwrite = 1
  /// The emitting thread waits for room, up to a limit; then it drops and counts.
  case block = 2
}

/// How the writers of a set keep out of each other's way.
public enum WriterKind: UInt32, Sendable {
  case rseq = 0
  /// For a process without rseq, in a set of its own.
  case lock = 1
}

/// Why an event is not in the trace. The raw values are the trace file's.
public enum RingLoss: Int, CaseIterable, Sendable {
  case bufferFull = 0
  case tooLarge = 1
  case contention = 2
  case blockTimeout = 3
  case signal = 4
}
