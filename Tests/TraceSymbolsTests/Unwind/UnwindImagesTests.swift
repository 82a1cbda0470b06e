import Glibc
import TestSupport
import Testing

@testable import TraceSymbols

/// Finding an image's file.
@Suite(.needs(.x86)) struct UnwindImagesTests {
  let directory = TemporaryDirectory()

  /// A copy of this program: a file with `.eh_frame`.
  func copy(_ name: String) throws -> String {
    let path = directory.path + "/" + name
    let (source, target) = (fopen("/proc/self/exe", "r"), fopen(path, "w"))
    defer { fclose(source) }
    var part = [UInt8](repeating: 0, count: 1 << 20)
    while case let count = fread(&part, 1, part.count, source!), count > 0 {
      fwrite(part, 1, count, target!)
    }
    fclose(target)
    return path
  }

  @Test func anotherProcessIsTriedWhereOneHasGone() throws {
    let path = directory.path + "/late"
    let images = UnwindImages()
    let identity = UnwindImages.Identity(path: path)
    let first = try #require(images.id(of: identity, in: 0x7fff_fffe))
    #expect(images.table(of: first) == nil)
    #expect(images.problems.map(\.error) == [.unreadable])
    // For the same process, it would be the same.
    #expect(images.id(of: identity, in: 0x7fff_fffe) == first)
    _ = try copy("late")
    let second = try #require(images.id(of: identity, in: UInt32(getpid())))
    #expect(second != first)
    #expect(images.table(of: second) != nil)
    #expect(images.problems.isEmpty)
    #expect(images.id(of: identity, in: 1) == second)
  }

  /// Whether this process may open files through their mappings.
  static let mayOpenMapped: Bool = {
    guard let directory = opendir("/proc/self/map_files") else { return false }
    defer { closedir(directory) }
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      guard !name.hasPrefix(".") else { continue }
      let file = open("/proc/self/map_files/" + name, O_RDONLY)
      if file >= 0 { close(file) }
      return file >= 0
    }
    return false
  }()

  @Test(.needs(Requirement("map_files") { mayOpenMapped })) func aDeletedFileIsReadWhereItIsMapped()
    throws
  {
    let path = try copy("gone")
    let file = open(path, O_RDONLY)
    var status = stat()
    fstat(file, &status)
    let length = 1 << 16
    let memory = try #require(mmap(nil, length, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, 0))
    close(file)
    unlink(path)
    defer { munmap(memory, length) }
    let start = UInt64(UInt(bitPattern: memory))
    let images = UnwindImages()
    let id = try #require(
      images.id(
        of: UnwindImages.Identity(path: path, inode: UInt64(status.st_ino)), in: UInt32(getpid()),
        mappedAt: start..<start + UInt64(length)))
    #expect(images.table(of: id) != nil, "\(images.problems)")
  }

  /// The first files of any two tmpfs have the same inode.
  @Test func aFileOnAnotherDeviceIsAnotherImage() throws {
    let path = try copy("one")
    var status = stat()
    try #require(stat(path, &status) == 0)
    let (device, inode) = (UInt64(status.st_dev), UInt64(status.st_ino))
    let images = UnwindImages()
    func isRead(_ device: UInt64) throws -> Bool {
      let identity = UnwindImages.Identity(path: path, device: device, inode: inode)
      return images.table(of: try #require(images.id(of: identity, in: UInt32(getpid())))) != nil
    }
    #expect(try isRead(device))
    #expect(try isRead(0))
    // Overlays show other device numbers, so only the inode is compared there.
    let showsOther = MappedFile.is(status, at: path, device: device + 1, inode: inode)
    #expect(try isRead(device + 1) == showsOther)
    #expect(images.problems.map(\.error) == (showsOther ? [] : [.replaced]))
  }
}
