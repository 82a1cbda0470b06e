import Testing
import TraceKernel

@testable import TraceSession

@Suite struct CodeFileNoticesTests {
  private func map(_ path: String, isExecutable: Bool = true, inode: UInt64 = 0) -> ProcessMap {
    ProcessMap(
      start: 0x1000, end: 0x2000, isReadable: true, isWritable: false, isExecutable: isExecutable,
      isShared: false, fileOffset: 0, device: 1, inode: inode, path: path, isDeleted: false)
  }

  @Test func aProcessIsToldOfOnce() {
    let notices = CodeFileNotices()
    notices.mayHaveMap(7, process: 1, atTicks: 10)
    notices.mayHaveMap(7, process: 1, atTicks: 11)
    notices.mayHaveMap(0, process: 2, atTicks: 11)
    #expect(
      notices.take() == [CodeFileNotice(kind: .mayHaveMap, pid: 7, process: 1, ticks: 10)])
    #expect(notices.take().isEmpty)
  }

  @Test func onlyOfThoseThatWereToldOfTheEndIsTold() {
    let notices = CodeFileNotices()
    notices.ended(8, atTicks: 1)
    notices.execed(8, process: 2, atTicks: 1)
    #expect(notices.take().isEmpty)
    notices.mayHaveMap(8, process: 2, atTicks: 1)
    notices.execed(8, process: 2, atTicks: 2)
    notices.ended(8, atTicks: 3)
    // Another process with the pid.
    notices.mayHaveMap(8, process: 3, atTicks: 4)
    #expect(notices.take().map(\.kind) == [.mayHaveMap, .execed, .ended, .mayHaveMap])
  }

  @Test func mapsTellOfDumpsAndOfMemoryForCode() {
    let notices = CodeFileNotices()
    for (index, found) in [
      map("/x/jit-3.dump", isExecutable: false, inode: 9), map("/usr/lib/libc.so.6", inode: 4),
      map("[vdso]"), map("[heap]", isExecutable: false), map(""),
    ].enumerated() {
      notices.found(found, pid: 3, process: UInt32(index), atTicks: 1)
    }
    #expect(
      notices.take().map(\.kind) == [
        .mapped(path: "/x/jit-3.dump", device: 1, inode: 9), .mayHaveMap,
      ])
  }
}
