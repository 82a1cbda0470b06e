import CTraceShims
import Glibc
import TraceImport

/// The bytes that a runtime sends, for the reader of .nettrace streams.
///
/// - Guarantee: memory is bounded by the largest block. Waits for bytes until the other end closes
///   the connection; once the session ends, asks the runtime to end and waits for
///   ``quietLimit_ns`` since the last bytes, and no longer than ``stopLimit_ns`` in all.
final class DotNetStream: NetByteSource {
  private let socket: DiagnosticSocket
  /// Becomes readable when the session ends.
  private let stopDescriptor: Int32
  private let onIdle: () -> Void
  private let onStop: () -> Void
  private var room = UnsafeMutableRawBufferPointer.allocate(byteCount: roomBytes, alignment: 8)
  /// The offset of the first byte that is kept, and its place in the buffer.
  private var base: UInt64 = 0
  private var start = 0
  private var count = 0
  private var stopped_ns: UInt64?
  private var lastBytes_ns: UInt64 = 0
  private(set) var byteCount = UInt64.max
  /// Why waiting was given up; nil if the other end closed the connection.
  private(set) var problem: String?

  let blockBytesMax = 16 << 20
  private static let roomBytes = 256 << 10
  /// The time after which nothing is waited for silently.
  private static let pollMilliseconds: Int32 = 200
  static let quietLimit_ns: UInt64 = 5_000_000_000
  static let stopLimit_ns: UInt64 = 15_000_000_000

  /// - Parameters:
  ///   - onIdle: called when all bytes that have arrived were read, and several times a second.
  ///   - onStop: called once when the session ends; asks the runtime to end.
  init(
    _ socket: DiagnosticSocket, stopDescriptor: Int32, onIdle: @escaping () -> Void,
    onStop: @escaping () -> Void
  ) {
    self.socket = socket
    self.stopDescriptor = stopDescriptor
    self.onIdle = onIdle
    self.onStop = onStop
  }

  deinit { room.deallocate() }

  func load(_ offset: UInt64, _ wanted: Int) -> UnsafeRawBufferPointer {
    let passed = Int(min(offset &- base, UInt64(count)))
    start += passed
    count -= passed
    base += UInt64(passed)
    if room.count - start < wanted { makeRoom(for: wanted) }
    while count < wanted, byteCount == .max { fill() }
    return UnsafeRawBufferPointer(rebasing: room[start..<start + min(wanted, count)])
  }

  /// Moves the bytes that are kept to the buffer's beginning, or to that of a larger one.
  private func makeRoom(for wanted: Int) {
    let kept = UnsafeRawBufferPointer(rebasing: room[start..<start + count])
    start = 0
    guard room.count < wanted else { return room.copyMemory(from: kept) }
    let larger = UnsafeMutableRawBufferPointer.allocate(
      byteCount: max(wanted, 2 * room.count), alignment: 8)
    larger.copyMemory(from: kept)
    room.deallocate()
    room = larger
  }

  /// Reads what has arrived, or waits.
  private func fill() {
    switch socket.read(into: UnsafeMutableRawBufferPointer(rebasing: room[(start + count)...])) {
    case .bytes(let more):
      count += more
      lastBytes_ns = trace_monotonic_ns()
      checkLimits()
    case .end: end()
    case .nothing:
      onIdle()
      var polls = [socket.descriptor, stopped_ns == nil ? stopDescriptor : -1].map {
        pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
      }
      trace_poll(&polls, 2, Self.pollMilliseconds)
      if polls[1].revents != 0 {
        stopped_ns = trace_monotonic_ns()
        lastBytes_ns = trace_monotonic_ns()
        onStop()
      }
      checkLimits()
    }
  }

  /// A runtime that sends without pause is asked to stop, too.
  private func checkLimits() {
    let now_ns = trace_monotonic_ns()
    if stopped_ns == nil {
      var poll = pollfd(fd: stopDescriptor, events: Int16(POLLIN), revents: 0)
      guard trace_poll(&poll, 1, 0) > 0 else { return }
      (stopped_ns, lastBytes_ns) = (now_ns, now_ns)
      onStop()
    }
    guard let stopped_ns else { return }
    if now_ns &- stopped_ns > Self.stopLimit_ns || now_ns &- lastBytes_ns > Self.quietLimit_ns {
      problem = "it did not end its events when asked; some, and names of methods, may be missing"
      end()
    }
  }

  private func end() { byteCount = base + UInt64(count) }
}
