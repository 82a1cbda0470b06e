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

  /// Maps this program's file again, as code.
  func mapAgain() throws -> (address: UnsafeMutableRawPointer, size: Int) {
    let file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC)
    try #require(file >= 0)
    defer { close(file) }
    let size = 3 * Int(sysconf(Int32(_SC_PAGESIZE)))
    let address = mmap(nil, size, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, 0)
    return (try #require(address == MAP_FAILED ? nil : address), size)
  }

  @Test func eachImageIsToldOnce() throws {
    let collection = try Collection()
    let images = ConnectedImages(collection.channel) { [Self.process] }
    images.look(at: Self.process)
    images.look(at: Self.process)
    let (address, size) = try mapAgain()
    defer { munmap(address, size) }
    images.look(at: Self.process)
    images.look(at: Self.process)
    let told = try collection.images()
    let place = UInt64(UInt(bitPattern: address))
    #expect(told.count { $0.baseAddress <= place && $0.baseAddress + $0.size > place } == 1)
    #expect(told.contains { $0.path.hasSuffix("/libc.so.6") })
    #expect(told.contains { $0.path == "[vdso]" })
  }

  /// Images present at the end are reported by the last scan.
  @Test func theLastLookIsAtTheEnd() throws {
    let collection = try Collection()
    let images = ConnectedImages(collection.channel) { [Self.process] }
    try images.start()
    let (address, size) = try mapAgain()
    defer { munmap(address, size) }
    images.stop()
    images.stop()
    let place = UInt64(UInt(bitPattern: address))
    #expect(
      try collection.images().contains {
        $0.baseAddress <= place && $0.baseAddress + $0.size > place
      })
  }

  @Test func aProcessThatHasEndedIsNothing() throws {
    let collection = try Collection()
    let images = ConnectedImages(collection.channel) { [] }
    images.look(at: .init(pid: 5_000_000, index: 9))
    #expect(try collection.images().isEmpty)
  }
}
