import Glibc
import TestSupport
import Testing
import TraceFormat
import TraceSymbols

@testable import TraceAnalysis

/// Only the mapped file of this machine is used, and read once.
@Suite struct MachineImagesTests {
  private let directory = TemporaryDirectory()
  private let images = MachineImages(session: MachineImagesTests.here)
  /// A library whose functions have names, with a build id.
  private let library: [UInt8]
  private let buildID: [UInt8]
  /// An offset in one of them.
  private let place: UInt64

  /// A running session on this machine.
  private static var here: SessionDescription {
    var name = utsname()
    uname(&name)
    let host = withUnsafeBytes(of: &name.nodename) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
    func now(_ clock: clockid_t) -> UInt64 {
      var now = timespec()
      clock_gettime(clock, &now)
      return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
    }
    return SessionDescription(
      name: "here", clock: .monotonic, ticksPerSecond: 1_000_000_000,
      start: ClockSync(
        ticks: 0, monotonicNanoseconds: now(CLOCK_MONOTONIC),
        realtimeNanoseconds: now(CLOCK_REALTIME)),
      machine: MachineDescription(hostName: host))
  }

  init() throws {
    let maps = WholeFile.text("/proc/self/maps").split(separator: "\n")
    let line = try #require(maps.first { $0.hasSuffix("/libc.so.6") })
    let path = String(try #require(line.split(separator: " ").last))
    library = WholeFile.bytes(path)
    let image = try LoadedImage(path: path)
    buildID = try #require(image.buildID).bytes
    place = image.symbols[image.symbols.count / 2].offset
  }

  /// Writes the library to a file; returns the identity that the kernel would report without a
  /// build id.
  private func write(_ name: String) throws -> ImageIdentity {
    let path = directory.path + "/" + name
    let file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
    defer { close(file) }
    try #require(Glibc.write(file, library, library.count) == library.count)
    var status = stat()
    try #require(fstat(file, &status) == 0)
    return ImageIdentity(
      path: path, device: UInt64(status.st_dev), inode: UInt64(status.st_ino), pid: 1)
  }

  private func isNamed(_ image: ImageIdentity) -> Bool {
    if case .function = images.function(atFileOffset: place, in: image) { return true }
    return false
  }

  @Test func anInodeCountsOnItsDeviceOnly() throws {
    let image = try write("a")
    #expect(isNamed(image))
    var other = image
    other.device += 1
    #expect(!isNamed(other))
    other = image
    other.inode += 1
    #expect(!isNamed(other))
  }

  @Test func oneBuildIsReadOnce() throws {
    var (first, second) = (try write("a"), try write("b"))
    (first.buildID, second.buildID) = (buildID, buildID)
    second.pid = 2
    #expect(isNamed(first) && isNamed(second))
    #expect(images.files(of: second)?.image.hasSuffix(first.path) == true)
    // Without build ids, each file is a separate image.
    second.buildID = []
    #expect(isNamed(second))
    #expect(images.files(of: second)?.image.hasSuffix(second.path) == true)
    second.buildID = buildID.reversed()
    #expect(!isNamed(second))
  }

  /// If one process cannot provide a file because it has ended, another one that maps the same file
  /// may.
  @Test func anotherProcessIsAskedForWhatOneCouldNotShow() throws {
    var image = ImageIdentity(path: directory.path + "/a", buildID: buildID, pid: 1)
    #expect(!isNamed(image))
    _ = try write("a")
    #expect(!isNamed(image))
    image.pid = 2
    #expect(isNamed(image))
    image.pid = 1
    #expect(isNamed(image))
  }
}
