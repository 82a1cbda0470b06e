public import CTraceShims

// The shared-memory contract between the processes that emit and the session that drains.
// CTraceShims/trace_ring.h declares the same bytes in C; the compiler checks the offsets that the
// assembly uses. Formatters do not touch this page: each drawing line is a comment of its own.
//
// GLOSSARY
//
//   buffer set   one memfd with a header and one ring for each CPU; sealed, so that it can neither
//                shrink nor grow
//   ring         one CPU's control lines and data pages
//   record       one event: a header word, payload words, stack words
//   context      a control record: who wrote the records that follow it, and their base ticks
//   position     a count of words since the ring began; it never wraps, the mask finds the word
//   event ref    the number that the session gave to an event type
//   process slot the number that the session gave to a process
//
// BUFFER SET
//
//   +--------------------+ 0
//   | header page        | struct trace_set_header
//   +--------------------+ 4,096
//   | control, ring 0    | struct trace_ring_control, 256 bytes
//   | control, ring 1    |
//   | ...                |
//   +--------------------+ the next multiple of 64 KiB
//   | data, ring 0       | ring_bytes: pages of 64 KiB
//   | data, ring 1       |
//   | ...                |
//   +--------------------+
//
// PAGE       a record never lies in two pages
//
//   [page context][record][record][context][record] ... [pad]
//
// RECORD     one header word, then at most 8,179 words
//
//   bits   0-31   ticks since the base
//         32-47   event ref; 0 marks a control record, and bits 0-31 then say which:
//                 1 pad, 2 context, 3 page context
//         48-60   length in words, header included
//            61   the last words are a stack
//            62   rundown
//            63   0
//
//   context        [header][writer][base ticks]
//   page context   [header][writer][base ticks][events before][position][lost: 5 causes][0][0]
//   pad            [header] and nothing that counts, up to the end of the page
//
// CONTROL LINES     who may write each field, and in which order others see it
//
//   field         written by                                     memory order
//   tail          the ring's writer: it commits a record         release; the drain acquires
//   writer        the ring's writer: 0 while a context changes   relaxed: only writers read it
//   base_ticks    the ring's writer                              relaxed: only writers read it
//   lost          the ring's writer                              relaxed: counters
//   lock          lock sets: the thread that takes the ring      acquire, release
//   head          the session's drain: words given back          release; writers acquire
//   wake_wanted   the drain sets it; the writer that wakes the   acquire, release
//                 drain clears it
//
//   The ring's writer is, in a set for rseq, the thread on that CPU inside a restartable section;
//   in a set for locks, the holder of the ring's lock. A set never has both kinds.
//
// STATES     a ring as a writer with a record of n words sees it; left = (-tail) mod 8,192
//
//   state       condition                                     transition, made by the ring's writer
//   writable    writer = me, ticks - base < 2^32, left >= n   record; tail += n
//   foreign     writer != me, or the ticks do not fit         context; then writable
//   page full   left < n (left = 0: the page was never        pad, next page, page context; then
//               entered)                                      writable
//   ring full   the next page is not free (discard, block)    count a loss, or wait for head
//
//   A change of context or page stores writer = 0 first and writer = me last. A writer that is
//   interrupted between the two leaves a ring that every writer finds foreign, and the next one
//   starts over. The drain relies on tail alone: everything below it is complete.

/// Constants of the ring's layout.
public enum RingLayout {
  static let magic: UInt64 = 0x474e_4952_4543_4152  // "RACERING"
  static let abi: UInt32 = 1
  static let headerBytes = 4096
  static let controlBytes = MemoryLayout<trace_ring_control>.size
  static let pageBytes = pageWords * 8

  /// Words in a page of 64 KiB.
  @inlinable public static var pageWords: Int { Int(TRACE_PAGE_WORDS) }
  static let pageContextWords = 12
  static let contextWords = 3
  /// The longest record in words, including its header.
  public static let recordWordsMax = pageWords - pageContextWords
  /// The longest payload in bytes, including the stack.
  public static let payloadBytesMax = (recordWordsMax - 1) * 8

  public static let ringBytesMin = 2 * pageWords * 8
  public static let ringBytesMax = 1 << 30
  public static let ringCountMax = Int(TRACE_RINGS_MAX)
  /// The minimum number of rings in a lock set. A thread that finds a ring locked tries the next
  /// one.
  public static let lockRingCountMin = 4

  static var positionMask: UInt64 { 1 << eventCountShift - 1 }
  /// The tail's upper bits count the events of the current page.
  static var eventCountShift: UInt64 { UInt64(TRACE_POSITION_BITS) }

  static func dataOffset(ringCount: Int) -> Int {
    let end = headerBytes + ringCount * controlBytes
    return (end + pageBytes - 1) / pageBytes * pageBytes
  }

  /// The size of a set in bytes.
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

  /// The header as a section takes it: with the lower half of the session's generation in place of
  /// the ticks.
  @inlinable @inline(__always)
  static func start(_ header: UInt64, _ generation: UInt64) -> UInt64 {
    header | generation & 0xffff_ffff
  }

  @inlinable @inline(__always)
  static func words(_ header: UInt64) -> Int { Int((header >> 48) & 0x1fff) }

  @inlinable @inline(__always)
  static func ref(_ header: UInt64) -> UInt16 { UInt16(truncatingIfNeeded: header >> 32) }
}

/// The behavior when a ring is full.
public enum BufferMode: UInt32, CaseIterable, Sendable {
  /// New events are dropped and counted.
  case discard = 0
  /// The oldest page is overwritten (flight recorder).
  case overwrite = 1
  /// The emitting thread waits for room, up to a limit; then it drops and counts the event.
  case block = 2
}

/// How the writers of a set are synchronized.
public enum WriterKind: UInt32, Sendable {
  case rseq = 0
  /// For a process without rseq, in a separate set.
  case lock = 1
}

/// The reason why an event is not in the trace. The raw values are those of the trace file.
public enum RingLoss: Int, CaseIterable, Sendable {
  case bufferFull = 0
  case tooLarge = 1
  case contention = 2
  case blockTimeout = 3
  case signal = 4
}
