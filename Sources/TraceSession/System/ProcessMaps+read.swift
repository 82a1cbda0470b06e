import Glibc
import OSStrings
public import TraceKernel

/// Reads a process's maps from /proc/PID/maps.
extension ProcessMaps {
  /// Calls `body` with each current map of a process, in order of address. If the main thread has
  /// ended, and therefore shows none, another thread is read.
  ///
  /// - Guarantee: memory does not grow with the number of maps; invalid lines are left out.
  /// - Returns: false if the process has ended, or may not be inspected (see errno).
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

  /// Maximum number of threads to try if the main thread has ended.
  private static let threadsMax = 16

  /// Reads one file; false if it cannot be opened.
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
      // A line that fills the buffer does not come from the kernel.
      if start == 0, filled == buffer.count { start = filled }
      buffer.replaceSubrange(0..<filled - start, with: buffer[start..<filled])
      filled -= start
    }
    return true
  }
}
