import Glibc
import OSStrings
import TestSupport
import Testing
import TraceAnalysis
import TraceKernel
import TraceSymbols

@testable import TraceSession

/// The files of mapped images: only the mapped ones, and a limited number.
@Suite struct ImageFilesTests {
  private let directory = TemporaryDirectory()

  /// This process's executable, in the kernel's form.
  private func ownImage() throws -> ProcessMap {
    var found: ProcessMap?
    ProcessMaps.read(pid: UInt32(getpid())) { map in
      if map.isExecutable, map.isFile, map.path.contains("/libc.so") { found = map }
    }
    return try #require(found)
  }

  private func mapping(
    _ map: ProcessMap, buildID: [UInt8] = [], inode: UInt64? = nil, path: String? = nil
  ) -> ImageFiles.Mapping {
    ImageFiles.Mapping(
      pid: UInt32(getpid()), start: map.start, end: map.end,
      name: path.map { MappedName(shown: $0) } ?? map.name,
      buildID: buildID, device: map.device, inode: inode ?? map.inode)
  }

  @Test func aBuildIDIsReadAndTheFileHeld() throws {
    let files = ImageFiles()
    let map = try ownImage()
    let buildID = files.buildID(of: mapping(map), isRundown: false)
    #expect(buildID.count >= 16)
    let image = ImageIdentity(
      path: map.path, buildID: buildID, device: map.device, inode: map.inode)
    let location = try #require(files.location(of: image))
    var status = stat()
    #expect(stat(location, &status) == 0 && UInt64(status.st_ino) == map.inode)
    // Identified only by its build id, as by newer kernels.
    #expect(
      files.buildID(of: mapping(map, buildID: buildID, inode: 0), isRundown: false) == buildID)
    #expect(files.location(of: ImageIdentity(path: map.path, buildID: buildID)) != nil)
  }

  @Test func anotherFileIsNotTakenForIt() throws {
    let files = ImageFiles()
    let map = try ownImage()
    // The range is not mapped, so only the path is available; its inode is another one.
    var other = mapping(map, inode: map.inode + 1)
    (other.start, other.end) = (1 << 12, 2 << 12)
    let unknown = BuildID.unknownContent.bytes
    #expect(files.buildID(of: other, isRundown: false) == unknown)
    #expect(
      files.location(
        of: ImageIdentity(path: map.path, device: map.device, inode: map.inode + 1)) == nil)
    // The same inode on another device is another file.
    (other.inode, other.device) = (map.inode, map.device + 1)
    #expect(files.buildID(of: other, isRundown: false) == unknown)
    let wrong = [UInt8](repeating: 9, count: 20)
    other.inode = 0
    other.buildID = wrong
    #expect(files.buildID(of: other, isRundown: false) == wrong)
    #expect(files.location(of: ImageIdentity(path: map.path, buildID: wrong)) == nil)
  }

  @Test func whatIsNoImageIsLeftAlone() throws {
    let files = ImageFiles()
    let map = try ownImage()
    let path = directory.path + "/pipe"
    try #require(mkfifo(path, 0o600) == 0)
    for name in ["", "//anon", "[vdso]", "/memfd:jit (deleted)", path, directory.path, "/dev/zero"]
    {
      var odd = mapping(map, inode: 12345, path: name)
      (odd.start, odd.end) = (1 << 12, 2 << 12)
      #expect(files.buildID(of: odd, isRundown: false) == [], "\(name)")
    }
  }

  private func copy(_ path: String, to target: String) throws {
    let bytes = WholeFile.bytes(path)
    let descriptor = open(target, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
    defer { close(descriptor) }
    try #require(write(descriptor, bytes, bytes.count) == bytes.count)
  }

  @Test func onlySoManyAreHeld() throws {
    let files = ImageFiles(heldMax: 2)
    let map = try ownImage()
    let names = ["a", "b", "c", "d"].map { directory.path + "/" + $0 }
    var held = 0
    for (number, name) in names.enumerated() {
      try copy(map.path, to: name)
      var status = stat()
      try #require(stat(name, &status) == 0)
      let inode = UInt64(status.st_ino)
      var mapping = mapping(map, inode: inode, path: name)
      (mapping.start, mapping.end) = (1 << 12, 2 << 12)
      #expect(files.buildID(of: mapping, isRundown: number == 1).count >= 16)
      let image = ImageIdentity(path: name, device: map.device, inode: inode)
      if files.location(of: image) != nil { held += 1 }
      if number == 1 { #expect(held == 1, "a rundown leaves half of the space") }
    }
    #expect(held == 2)
  }
}
