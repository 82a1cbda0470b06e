import CTraceShims
import Glibc
import OSStrings
import TestSupport
import Testing
import TraceAnalysis
import TraceSymbols

@testable import TraceSession

private enum ContentCompiler {
  static let path = ["/usr/bin/gcc", "/usr/bin/cc"].first { access($0 as String, X_OK) == 0 }
}

/// Images without a build id: each content is a separate image, whatever happens to its file.
@Suite(.needs(Requirement("a C compiler") { ContentCompiler.path != nil }))
struct ContentTests {
  private let directory = TemporaryDirectory()

  /// A program whose function at a fixed offset has this name.
  private func program(_ function: String) throws -> [UInt8] {
    let (source, target) = (directory.path + "/p.c", directory.path + "/p-" + function)
    let text = fopen(source, "w")
    fputs(
      "int \(function)(int n) { return n * 3; } int main(void) { return \(function)(0); }", text)
    fclose(text)
    let command = "\(ContentCompiler.path!) -O0 -Wl,--build-id=none -o \(target) \(source)"
    try #require(system(command) == 0)
    return WholeFile.bytes(target)
  }

  private func write(_ bytes: [UInt8], into path: String, flags: Int32 = 0) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0o700)
    defer { close(descriptor) }
    try #require(Glibc.write(descriptor, bytes, bytes.count) == bytes.count)
  }

  /// The kernel's report of the file, mapped now by a process that has ended.
  private func mapping(_ path: String) throws -> ImageFiles.Mapping {
    var status = stat()
    try #require(stat(path, &status) == 0)
    return ImageFiles.Mapping(
      pid: 0x7fff_fffe, start: 1 << 12, end: 2 << 12, name: MappedName(shown: path),
      device: UInt64(status.st_dev), inode: UInt64(status.st_ino),
      mappedAt_ns: trace_monotonic_ns())
  }

  private func image(_ mapping: ImageFiles.Mapping, _ buildID: [UInt8]) -> ImageIdentity {
    ImageIdentity(
      path: mapping.path, buildID: buildID, device: mapping.device, inode: mapping.inode)
  }

  private func names(_ files: ImageFiles, _ image: ImageIdentity) -> Set<String> {
    let held = files.held(image)
    let loaded =
      held.table
      ?? held.location.flatMap { try? LoadedImage(path: $0, expected: BuildID(image.buildID)) }
    guard let table = loaded?.symbols else { return [] }
    return Set((0..<table.count).map { table.name(of: $0) }.filter { $0.hasSuffix("_one") })
  }

  @Test(arguments: [0, O_TRUNC]) func whatIsOverwrittenInPlaceKeepsItsNames(_ flags: Int32) throws {
    let (first, second) = (try program("first_one"), try program("other_one"))
    let path = directory.path + "/program"
    let files = ImageFiles()
    try write(first, into: path)
    let one = try mapping(path)
    let oneID = files.buildID(of: one, isRundown: false)
    #expect(BuildID(oneID)?.isContent == true)
    // The change time of a file is that of the kernel's last tick, up to 10 ms before.
    usleep(30_000)
    try write(second, into: path, flags: flags)
    let two = try mapping(path)
    #expect(one.inode == two.inode)
    let twoID = files.buildID(of: two, isRundown: false)
    #expect(oneID != twoID && BuildID(twoID)?.isContent == true)
    #expect(names(files, image(one, oneID)) == ["first_one"])
    #expect(names(files, image(two, twoID)) == ["other_one"])
    // The first one, reported late: the current file was not mapped then.
    let late = ImageFiles()
    #expect(late.buildID(of: one, isRundown: false) == BuildID.unknownContent.bytes)
    #expect(names(late, image(one, BuildID.unknownContent.bytes)).isEmpty)
  }

  @Test func aRemovedFileIsNoOther() throws {
    let path = directory.path + "/program"
    try write(try program("first_one"), into: path)
    let mapping = try mapping(path)
    unlink(path)
    let id = ImageFiles().buildID(of: mapping, isRundown: false)
    #expect(id == BuildID.unknownContent.bytes)
    // No file is used for it later.
    try write(try program("other_one"), into: path)
    #expect(throws: ImageProblem.self) { try LoadedImage(path: path, expected: BuildID(id)) }
  }

  /// Like fexecve from a memfd: the file is accessible through the process's descriptor.
  @Test func aProgramInMemoryIsRead() throws {
    let bytes = try program("memory_one")
    let descriptor = trace_memfd("payload")
    try #require(descriptor >= 0)
    defer { close(descriptor) }
    try #require(Glibc.write(descriptor, bytes, bytes.count) == bytes.count)
    var status = stat()
    try #require(fstat(descriptor, &status) == 0)
    var mapping = ImageFiles.Mapping(
      pid: UInt32(getpid()), start: 1 << 12, end: 2 << 12,
      name: MappedName(shown: "/memfd:payload (deleted)"),
      device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
    let files = ImageFiles()
    let id = files.buildID(of: mapping, isRundown: false)
    #expect(BuildID(id)?.isContent == true)
    #expect(names(files, image(mapping, id)) == ["memory_one"])
    // Memory into which a runtime writes code is not an image.
    let code = trace_memfd("doublemapper")
    defer { close(code) }
    try #require(ftruncate(code, 4096) == 0 && fstat(code, &status) == 0)
    mapping.inode = UInt64(status.st_ino)
    #expect(files.buildID(of: mapping, isRundown: false) == [])
  }
}
