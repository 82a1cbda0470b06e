import Glibc
import OSStrings
public import TraceKernel

/// What a process maps, as /proc/PID/maps tells it.
extension ProcessMaps {
  /// Calls `body` with each map of a process, as they are now, in order of address. Where the main
  /// thread has ended, and so shows none, another thread is asked.
  ///
  /// - Guarantee: memory does not grow with the number of maps; lines that are not understood are
  ///   left out.
  /// - Returns: false when the process has ended, or may not be looked at (errno says which).
  @discardableResult
  public static func read(pid: UInt32, _ body: (ProcessMap) -> Void) -> Bool {
    var count = 0
    guard read("/proc/\(pid)/maps", &count, body) else { return false }
    guard count == 0 else { return true }
    for thread in ProcFiles.threads(of: pid).prefix(threadsMax) where thread != pid {
      if read("/proc/\(pid)/task/\(thread)/maps", &count, body), count > 0 { return true }
    }
    return true
  }

  /// Threads that are asked where the main thread has ended.
  private static let threadsMax = 16

  /// False when the file cannot be opened.
  private static func read(
    _ path: String, _ count: inout Int, _ body: (ProcessMap) -> Void
  ) -> Bool {
    let file = OSPath.open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return false }
    defer { close(file) }
    var buffer = [UInt8](repeating: 0, count: 2 * lineBytesMax)
    var filled = 0
    while count < mapsMax {
      let got = buffer.withUnsafeMutableBytes {
        Glibc.read(file, $0.baseAddress! + filled, $0.count - filled)
      }
      if got < 0, errno == EINTR { continue }
      guard got > 0 else { break }
      filled += got
      var start = 0
      while let end = buffer[start..<filled].firstIndex(of: UInt8(ascii: "\n")) {
        if let map = parse(line: buffer[start..<end]) { body(map) }
        count += 1
        start = end + 1
      }
      // A line that fills the buffer is none of the kernel's.
      if start == 0, filled == buffer.count { start = filled }
      buffer.replaceSubrange(0..<filled - start, with: buffer[start..<filled])
      filled -= start
    }
    return true
  }
}
