import CTraceShims
import Glibc

/// Pages that are mapped twice: writable at one address and executable at another.
struct CodeMemory: ~Copyable {
  let byteCount: Int
  private let writable: UnsafeMutableRawPointer
  private let executable: UnsafeMutableRawPointer

  /// Nil if the system provides no executable memory.
  init?(byteCount: Int) {
    let pageBytes = Int(sysconf(Int32(_SC_PAGESIZE)))
    self.byteCount = (byteCount + pageBytes - 1) / pageBytes * pageBytes
    // The name that other runtimes use for the same purpose, which tools recognize as JIT code.
    let file = trace_memfd("doublemapper")
    guard file >= 0 else { return nil }
    defer { close(file) }
    guard ftruncate(file, self.byteCount) == 0,
      let writable = mmap(nil, self.byteCount, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0),
      writable != MAP_FAILED
    else { return nil }
    guard let code = mmap(nil, self.byteCount, PROT_READ | PROT_EXEC, MAP_SHARED, file, 0),
      code != MAP_FAILED
    else {
      munmap(writable, self.byteCount)
      return nil
    }
    self.writable = writable
    executable = code
  }

  deinit {
    munmap(writable, byteCount)
    munmap(executable, byteCount)
  }

  func address(of offset: Int) -> UInt64 { UInt64(UInt(bitPattern: executable + offset)) }

  func entry(at offset: Int) -> Entry { unsafeBitCast(executable + offset, to: Entry.self) }

  func write(_ code: UnsafeRawBufferPointer, at offset: Int) {
    (writable + offset).copyMemory(from: code.baseAddress!, byteCount: code.count)
  }

  func bytes(_ range: Range<Int>) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: writable + range.lowerBound, count: range.count)
  }

  /// Fills the range with breakpoints, so that executing it fails immediately.
  func erase(_ range: Range<Int>) {
    memset(writable + range.lowerBound, 0xcc, range.count)
  }

  func move(_ range: Range<Int>, to offset: Int) {
    memmove(writable + offset, writable + range.lowerBound, range.count)
  }
}
