import Glibc
import TestSupport
import Testing
import TraceControl
import TraceKernel

@testable import TraceSession

@Suite struct ProcessMapsTests {
  @Test func linesAreRead() {
    let text = """
      55d0c0a00000-55d0c0a25000 r-xp 00002000 fd:00 131158                     /usr/bin/dash
      7ffd5a5e4000-7ffd5a5e6000 r-xp 00000000 00:00 0                          [vdso]
      7f2c00000000-7f2c00021000 rw-p 00000000 00:00 0
      7f2c10000000-7f2c10001000 r-xs 00001000 00:2f 77                         /tmp/a b (deleted)
      ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]

      """
    let maps = ProcessMaps.parse(text.utf8)
    #expect(maps.map(\.path) == ["/usr/bin/dash", "[vdso]", "", "/tmp/a b", "[vsyscall]"])
    #expect(maps[0].start == 0x55d0_c0a0_0000)
    #expect(maps[0].size == 0x25000)
    #expect(maps[0].fileOffset == 0x2000)
    #expect(maps[0].inode == 131158)
    #expect(maps[0].device == 0xfd00)
    #expect(maps[0].isExecutable && maps[0].isReadable && !maps[0].isWritable && !maps[0].isShared)
    #expect(maps[2].isWritable && !maps[2].isExecutable && !maps[2].isFile)
    #expect(maps.map(\.isDeleted) == [false, false, false, true, false])
    #expect(maps[3].isShared)
  }

  /// The main thread has ended and shows no maps, but the process continues.
  @Test func aProcessWithoutItsMainThreadIsKnown() throws {
    let program = """
      import ctypes, threading, time
      threading.Thread(target=time.sleep, args=(1000,)).start()
      ctypes.CDLL(None).syscall({"x86_64": 60}.get(__import__("os").uname().machine, 93), 0)
      """
    let process = try Sleeper(["python3", "-c", program])
    func isShown(_ path: String) -> Bool {
      var byte: UInt8 = 0
      let file = open("/proc/\(process.pid)/\(path)", O_RDONLY)
      defer { close(file) }
      return read(file, &byte, 1) == 1
    }
    try waitUntil("the main thread has ended") {
      !isShown("maps") && ProcFiles.threads(of: process.pid).count == 2
    }
    var paths: Set<String> = []
    #expect(ProcessMaps.read(pid: process.pid) { paths.insert($0.path) })
    #expect(paths.contains { $0.contains("/libc.so") || $0.contains("/libc-") })
    let identity = ProcessIdentity(procName: "\(process.pid)")
    #expect(identity.executable.contains("python3"))
    #expect(identity.arguments.first?.hasSuffix("python3") == true)
  }

  @Test func aLineBreakInAPathReturns() {
    let maps = ProcessMaps.parse(#"1000-2000 r-xp 0 08:01 5 /tmp/a\012b\134"#.utf8)
    #expect(maps.map(\.path) == ["/tmp/a\nb\\134"])
  }

  @Test(arguments: [
    "", "nonsense", "1000-1000 r-xp 0 0:0 0", "2000-1000 r-xp 0 0:0 0", "1000-2000 r-x 0 0:0 0",
    "1000-2000 r-xp 0 0:0", "10000000000000000-20000000000000000 r-xp 0 0:0 0",
    "1000-2000 r-xp 0 100000000:0 0", "1000-2000", "-2000 r-xp 0 0:0 0", "1000 2000 r-xp 0 0:0 0",
  ])
  func nonsenseIsLeftOut(_ line: String) {
    #expect(ProcessMaps.parse(line.utf8).isEmpty)
    let good = "1000-2000 r-xp 0 08:01 5 /a"
    #expect(ProcessMaps.parse("\(line)\n\(good)\n".utf8).map(\.path) == ["/a"])
  }

  /// The C library's functions are in the C library's mapping, whose file is the one on disk.
  @Test func thisProcessIsMappedWhereItRuns() throws {
    let symbol = try #require(dlsym(UnsafeMutableRawPointer(bitPattern: 0), "getenv"))
    let address = UInt64(UInt(bitPattern: symbol))
    var maps: [ProcessMap] = []
    #expect(ProcessMaps.read(pid: UInt32(getpid())) { maps.append($0) })
    let map = try #require(maps.first { $0.start <= address && address < $0.end })
    #expect(map.isExecutable)
    #expect(map.path.contains("libc"))
    var mapped = stat()
    let isThere = stat(map.path, &mapped) == 0
    try #require(isThere)
    #expect(map.inode == UInt64(mapped.st_ino))
    #expect(maps.contains { $0.path == map.path && $0.fileOffset == 0 })
  }

  @Test func aProcessThatIsNotThereHasNone() {
    #expect(!ProcessMaps.read(pid: 0x7fff_ffff) { _ in Issue.record("a map of a missing process") })
  }
}
