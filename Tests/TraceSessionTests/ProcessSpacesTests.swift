import Testing
import TraceEvents
import TraceKernel
import TraceSymbols

@testable import TraceSession

/// The code ranges of processes, from the kernel's records and /proc.
@Suite struct ProcessSpacesTests {
  /// A simulated /proc, with the number of reads.
  final class Proc {
    var maps: [UInt32: [ProcessMap]] = [:]
    var reads = 0

    func spaces(
      processLimit: Int = ProcessSpaces.processLimit,
      mappingLimit: Int = ProcessSpaces.mappingLimit
    ) -> ProcessSpaces {
      ProcessSpaces(images: nil, processLimit: processLimit, mappingLimit: mappingLimit) {
        [self] pid, body in
        reads += 1
        guard let maps = maps[pid] else { return false }
        maps.forEach(body)
        return true
      }
    }
  }

  static func mapping(_ start: UInt64, _ end: UInt64) -> CodeMapping {
    CodeMapping(line(start, end))
  }

  /// Checks whether code precedes an address; nil if the process is unknown.
  func expect(
    _ expected: Bool?, _ pid: UInt32, before address: UInt64, _ spaces: inout ProcessSpaces,
    at location: SourceLocation = #_sourceLocation
  ) {
    let found = spaces.space(of: pid)?.hasCode(before: address)
    #expect(found == expected, sourceLocation: location)
  }

  static func line(
    _ start: UInt64, _ end: UInt64, executable: Bool = true, path: String = "/a"
  ) -> ProcessMap {
    ProcessMap(
      start: start, end: end, isReadable: true, isWritable: false, isExecutable: executable,
      isShared: false, fileOffset: 0, device: 1, inode: 5, path: path, isDeleted: false)
  }

  @Test func aProcessIsKnownFromItsExecOn() throws {
    let proc = Proc()
    var spaces = proc.spaces()
    spaces.map(Self.mapping(0x1000, 0x2000), pid: 7)
    spaces.exec(7)
    spaces.map(Self.mapping(0x5000, 0x6000), pid: 7)
    let known = spaces.space(of: 7)
    let space = try #require(known)
    #expect(!space.hasCode(before: 0x1800))
    #expect(space.hasCode(before: 0x5001))
    #expect(space.hasCode(before: 0x6000))
    #expect(!space.hasCode(before: 0x5000))
    #expect(proc.reads == 0)
  }

  @Test func aChildHasItsParentsUntilItMapsItsOwn() throws {
    let proc = Proc()
    var spaces = proc.spaces()
    spaces.exec(7)
    spaces.map(Self.mapping(0x1000, 0x2000), pid: 7)
    // The pid's former owner.
    spaces.exec(8)
    spaces.map(Self.mapping(0x9000, 0xa000), pid: 8)
    spaces.fork(8, from: 7)
    spaces.map(Self.mapping(0x3000, 0x4000), pid: 8)
    let known = spaces.space(of: 8)
    let child = try #require(known)
    #expect(child.hasCode(before: 0x1001) && child.hasCode(before: 0x3001))
    #expect(!child.hasCode(before: 0x9001))
    expect(false, 7, before: 0x3001, &spaces)
    spaces.exec(8)
    expect(false, 8, before: 0x1001, &spaces)
    expect(true, 7, before: 0x1001, &spaces)
    #expect(proc.reads == 0)
  }

  @Test func aLaterMappingCoversWhatItOverlaps() throws {
    var spaces = ProcessSpaces(images: nil) { _, _ in false }
    spaces.exec(7)
    spaces.map(Self.mapping(0x1000, 0x5000), pid: 7)
    spaces.map(Self.mapping(0x2000, 0x3000), pid: 7)
    #expect(spaces.mappingCount == 3)
    spaces.map(Self.mapping(0, 0x10000), pid: 7)
    #expect(spaces.mappingCount == 1)
    spaces.forget(7)
    #expect(spaces.mappingCount == 0 && spaces.count == 0)
  }

  @Test func whoIsNotKnownIsAskedOnce() {
    let proc = Proc()
    proc.maps[7] = [
      Self.line(0x1000, 0x2000), Self.line(0x2000, 0x3000, executable: false),
      Self.line(0x8000, 0x9000, path: ""),
    ]
    var spaces = proc.spaces()
    for _ in 0..<3 {
      expect(true, 7, before: 0x1001, &spaces)
      expect(false, 7, before: 0x2001, &spaces)
      expect(true, 7, before: 0x8001, &spaces)
      expect(nil, 8, before: 0x1001, &spaces)
    }
    #expect(proc.reads == 2)
  }

  /// Mappings may be among the records that were lost.
  @Test func afterALossProcIsAskedAgain() {
    let proc = Proc()
    var spaces = proc.spaces()
    spaces.exec(7)
    spaces.map(Self.mapping(0x1000, 0x2000), pid: 7)
    spaces.exec(8)
    proc.maps[7] = [Self.line(0x1000, 0x2000), Self.line(0x6000, 0x7000)]
    spaces.lose()
    expect(true, 7, before: 0x6001, &spaces)
    // It has ended meanwhile, so the known mappings may be wrong.
    expect(nil, 8, before: 0x1001, &spaces)
    expect(true, 7, before: 0x1001, &spaces)
    #expect(proc.reads == 2)
  }

  @Test func memoryIsBounded() {
    let proc = Proc()
    var spaces = proc.spaces(processLimit: 64, mappingLimit: 1000)
    for pid in 1...10_000 as ClosedRange<UInt32> {
      spaces.fork(pid, from: pid - 1)
      spaces.exec(pid)
      for piece in 0..<UInt64(20) {
        spaces.map(Self.mapping(piece << 16, piece << 16 | 0xfff), pid: pid)
      }
      #expect(spaces.count <= 64 && spaces.mappingCount <= 1000)
    }
    #expect(spaces.resets > 100)
    // The last one is complete, or was dropped completely.
    let last = spaces.space(of: 10_000)
    #expect(last?.hasCode(before: 0x10001) ?? true)
  }

  @Test(
    arguments: [
      ("/usr/bin/a", "/usr/bin/a"), ("/usr/bin/a (deleted)", "/usr/bin/a"), ("[vdso]", "[vdso]"),
      ("//anon", nil), ("/memfd:doublemapper (deleted)", nil), ("[heap]", nil), ("", nil),
      ("/tmp/jit-7.dump", nil), ("/dev/zero (deleted)", nil),
      ("/usr/bin/a.dump", "/usr/bin/a.dump"),
    ] as [(String, String?)])
  func onlyFilesAreImages(path: String, image: String?) {
    let mapping = CodeMapping(
      ImageMap(
        baseAddress: 0x1000, size: .max, fileOffset: 0, path: path, buildID: [], device: 0,
        inode: 0))
    #expect(mapping.identity?.path == image)
    #expect(mapping.end > mapping.start)
  }
}
