import Glibc
import TestSupport
import Testing
import TraceEvents
import TraceFormat
import TraceKernel

@testable import TraceSession

/// An image's code in anonymous memory at the same addresses, in this process, whose pid is in the
/// records.
@Suite struct RemappedTextTests {
  /// Four pages, of which the second and third become anonymous, with the file's bytes or others.
  @Test(arguments: [true, false]) func namesStayWithTheBytes(_ isCopy: Bool) throws {
    let page = 4096
    let place = TemporaryDirectory()
    let path = place.path + "/image"
    let content = (0..<8 * page).map { UInt8(truncatingIfNeeded: $0 / 7 &+ $0 / page) }
    let written = try WrittenFile(path)
    written.write(content)
    var status = stat()
    #expect(stat(path, &status) == 0)
    let file = Glibc.open(path, O_RDONLY | O_CLOEXEC)
    defer { close(file) }
    let start = try #require(
      mmap(nil, 4 * page, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, off_t(2 * page)))
    try #require(start != MAP_FAILED)
    defer { munmap(start, 4 * page) }
    let (pid, device) = (UInt32(getpid()), UInt64(status.st_dev))
    let base = UInt64(UInt(bitPattern: start))
    var trace = try TranslatedTrace()
    func map(_ path: String, _ address: UInt64, _ size: Int, inode: UInt64) -> PerfRecord {
      let bytes = Array(path.utf8)
      let kept = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
      kept.copyBytes(from: bytes)
      return .map(
        PerfMap(
          pid: pid, tid: pid, address: address, size: UInt64(size),
          fileOffset: inode == 0 ? 0 : UInt64(2 * page),
          major: inode == 0 ? 0 : UInt32(truncatingIfNeeded: device >> 8 & 0xfff),
          minor: inode == 0
            ? 0 : UInt32(truncatingIfNeeded: device & 0xff | device >> 12 & 0xfff00), inode: inode,
          protection: 5, buildID: UnsafeRawBufferPointer(start: nil, count: 0),
          path: UnsafeRawBufferPointer(kept)))
    }
    // The file was written just now, so the mapping gets a later time.
    let future = UInt64(1) << 58
    trace.take(map(path, base, 4 * page, inode: UInt64(status.st_ino)), pid: pid, at: future)
    let hole = try #require(
      mmap(
        start + page, 2 * page, PROT_READ | PROT_WRITE,
        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0))
    content[3 * page..<5 * page].withUnsafeBytes {
      hole.copyMemory(from: $0.baseAddress!, byteCount: $0.count)
    }
    if !isCopy { hole.storeBytes(of: 0x99, toByteOffset: 2 * page - 1, as: UInt8.self) }
    trace.take(map("//anon", base + UInt64(page), 2 * page, inode: 0), pid: pid, at: future + 1)
    var images: [ImageMap] = []
    let replay = Replay(try trace.finish())
    replay.on(ImageMap.self) { image, _ in images.append(image) }
    try replay.run()
    #expect(images.map(\.path) == [path, isCopy ? path : "//anon"])
    #expect(images.last?.baseAddress == base + UInt64(page))
    #expect(images.last?.size == UInt64(2 * page))
    #expect(images.last?.fileOffset == (isCopy ? UInt64(3 * page) : 0))
  }
}
