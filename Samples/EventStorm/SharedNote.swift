import CTraceShims
import Glibc

/// The progress of each worker, in memory that outlives it: a test that kills this program reads
/// here which events had been emitted.
///
/// One line of 64 bytes per worker, in native byte order: the number of events whose emit has
/// returned (= the last sequence number), nanoseconds spent emitting, and, for a process's first
/// thread, 1 once the process is ready to emit and the nanoseconds that registering took. A process
/// has one line per thread and one more for its signal handler; the lines of processes are
/// consecutive.
struct SharedNote: @unchecked Sendable {
  static let lineWords = 8

  /// The descriptor that children must inherit if there is no path.
  let inheritedDescriptor: Int32?
  let threads: Int
  private let words: UnsafeMutablePointer<UInt64>

  /// Creates a file of that size at `path`, or an unnamed one that children inherit.
  init(creating path: String?, processes: Int, threads: Int) throws(StormError) {
    let descriptor =
      if let path {
        open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
      } else {
        trace_memfd("event-storm")
      }
    let byteCount = processes * (threads + 1) * Self.lineWords * 8
    guard descriptor >= 0, ftruncate(descriptor, byteCount) == 0 else {
      throw StormError("cannot create the shared note \(path ?? ""): \(errnoText)")
    }
    inheritedDescriptor = path == nil ? descriptor : nil
    self.threads = threads
    words = try Self.map(descriptor, byteCount)
  }

  /// Maps the file that the parent process created.
  init(opening path: String, processes: Int, threads: Int) throws(StormError) {
    let descriptor = open(path, O_RDWR | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw StormError("cannot open the shared note \(path): \(errnoText)")
    }
    inheritedDescriptor = nil
    self.threads = threads
    words = try Self.map(descriptor, processes * (threads + 1) * Self.lineWords * 8)
  }

  private static func map(
    _ descriptor: Int32, _ byteCount: Int
  ) throws(StormError) -> UnsafeMutablePointer<UInt64> {
    let address = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
    guard let address, address != MAP_FAILED else {
      throw StormError("cannot map the shared note: \(errnoText)")
    }
    return address.assumingMemoryBound(to: UInt64.self)
  }

  /// A worker's line.
  func line(process: Int, thread: Int) -> Line {
    let index = thread == WorkerID.signalThread ? threads : thread
    return Line(words: words + (process * (threads + 1) + index) * Self.lineWords)
  }

  struct Line: @unchecked Sendable {
    fileprivate let words: UnsafeMutablePointer<UInt64>

    var emitted: UInt64 {
      get { trace_load_u64(words) }
      nonmutating set { trace_store_u64(words, newValue) }
    }

    func markReady() { trace_store_u64(words + 2, 1) }

    var registerNanoseconds: UInt64 {
      get { trace_load_u64(words + 3) }
      nonmutating set { trace_store_u64(words + 3, newValue) }
    }

    var nanoseconds: UInt64 {
      get { trace_load_u64(words + 1) }
      nonmutating set { trace_store_u64(words + 1, newValue) }
    }
  }
}

struct StormError: Error, CustomStringConvertible {
  var description: String

  init(_ description: String) { self.description = description }
}

var errnoText: String { String(cString: strerror(errno)) }
