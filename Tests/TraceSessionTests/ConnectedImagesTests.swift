import CTraceShims
import Glibc
import TestSupport
import Testing
import TraceEvents
import TraceFormat

@testable import TraceSession

/// Images of processes without kernel events.
@Suite struct ConnectedImagesTests {
  static let process = ConnectedImages.Process(pid: UInt32(getpid()), index: 7)

  /// A drain into a file, and a channel to it.
  struct Collection {
    let place = TemporaryDirectory()
    let drain: Drain
    let channel: SystemChannel
    let wake: Int32

    init() throws {
      var writer = try TraceWriter(
        path: "\(place.path)/trace.etl",
        session: SessionDescription(
          name: "images", clock: .monotonic, ticksPerSecond: 1_000_000_000,
          start: .now(.monotonic),
          machine: MachineDescription(
            hostName: "host", operatingSystem: "Linux", architecture: "x86_64", cpuCount: 1)))
      var numbers: [UInt16: UInt16] = [:]
      for (place, type) in SystemSchema.eventTypes.enumerated() {
        numbers[type.eventID] = UInt16(place + 1)
        try writer.define(ref: UInt16(place + 1), schema: type.schema)
      }
      writer.define(process: ProcessRecord(index: process.index, pid: process.pid))
      wake = trace_wake_descriptor()
      drain = try Drain(writer: writer, wakeDescriptor: wake)
      channel = SystemChannel(drain, refs: try #require(SystemRefs(numbers)))
    }

    func images() throws -> [ImageMap] {
      drain.stop()
      close(wake)
      var images: [ImageMap] = []
      let replay = Replay(try TraceFile(path: "\(place.path)/trace.etl"))
      replay.on(ImageMap.self) { image, header in
        #expect(header.pid == process.pid)
        #expect(header.flags.contains(.rundown))
        images.append(image)
      }
      try replay.run()
      return images
    }
  }

  /// Code of a file that only this test maps. Tests run in one process, so another test's mapping
  /// may have had its address before; the path tells them apart.
  struct OwnImage: ~Copyable {
    let path: String
    private let address: UnsafeMutableRawPointer
    private let size: Int

    init(in place: TemporaryDirectory) throws {
      path = "\(place.path)/image"
      size = 3 * Int(sysconf(Int32(_SC_PAGESIZE)))
      let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o700)
      try #require(file >= 0 && ftruncate(file, size) == 0)
      defer { close(file) }
      let mapped = mmap(nil, size, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, 0)
      address = try #require(mapped == MAP_FAILED ? nil : mapped)
    }

    deinit { munmap(address, size) }

    func isReported(by image: ImageMap) -> Bool {
      image.path.hasSuffix(path) && image.baseAddress == UInt64(UInt(bitPattern: address))
    }
  }

  @Test func eachImageIsToldOnce() throws {
    let collection = try Collection()
    let images = ConnectedImages(collection.channel) { [Self.process] }
    images.look(at: Self.process)
    images.look(at: Self.process)
    let own = try OwnImage(in: collection.place)
    images.look(at: Self.process)
    images.look(at: Self.process)
    let told = try collection.images()
    #expect(told.count { own.isReported(by: $0) } == 1)
    #expect(told.contains { $0.path.hasSuffix("/libc.so.6") })
    #expect(told.contains { $0.path == "[vdso]" })
  }

  /// Images present at the end are reported by the last scan.
  @Test func theLastLookIsAtTheEnd() throws {
    let collection = try Collection()
    let images = ConnectedImages(collection.channel) { [Self.process] }
    try images.start()
    let own = try OwnImage(in: collection.place)
    images.stop()
    images.stop()
    #expect(try collection.images().count { own.isReported(by: $0) } == 1)
  }

  @Test func aProcessThatHasEndedIsNothing() throws {
    let collection = try Collection()
    let images = ConnectedImages(collection.channel) { [] }
    images.look(at: .init(pid: 5_000_000, index: 9))
    #expect(try collection.images().isEmpty)
  }
}
