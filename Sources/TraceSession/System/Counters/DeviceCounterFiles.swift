import Glibc
import OSStrings
import TraceEvents

/// The disks and network interfaces of the machine that were used at least once.
struct DeviceCounterFiles {
  /// Maximum number of disks, and of interfaces, whose counters are recorded: the first ones.
  static let devicesMax = 16
  /// Maximum number of names that are remembered as being no disks.
  private static let otherNamesMax = 256
  private static let sectorBytes: UInt64 = 512

  private let diskFile = CounterFile("/proc/diskstats")
  private let networkFile = CounterFile("/proc/self/net/dev")
  private var disks = DeviceNames()
  private var networks = DeviceNames()
  /// Partitions, loop devices and RAM disks.
  private var others = DeviceNames()

  /// Whether disks and interfaces were left out.
  var hasMore: (disks: Bool, networks: Bool) { (disks.isFull, networks.isFull) }

  /// Calls `body` with each disk's number from 0 and its counters.
  mutating func forEachDisk(
    _ buffer: UnsafeMutableRawBufferPointer, _ body: (Int, DiskCounters) -> Void
  ) {
    guard var text = diskFile?.read(into: buffer) else { return }
    text.forEachLine { line in
      let major = line.count()
      line.skipWords(1)
      let name = line.word()
      var disk = DiskCounters()
      disk.reads = line.count()
      line.skipWords(1)
      disk.readBytes = line.count().multipliedClamped(by: Self.sectorBytes)
      line.skipWords(1)
      disk.writes = line.count()
      line.skipWords(1)
      disk.writtenBytes = line.count().multipliedClamped(by: Self.sectorBytes)
      line.skipWords(2)
      disk.busy = line.count()
      disk.waited = line.count()
      guard disk.reads | disk.writes > 0, isDisk(name, major: major),
        let number = disks.number(of: name, max: Self.devicesMax)
      else { return }
      disk.name = disks.names[number].text
      body(number, disk)
    }
  }

  /// Whether it is a whole disk: a partition's counters are part of its disk's.
  private mutating func isDisk(_ name: UnsafeRawBufferPointer, major: UInt64) -> Bool {
    // RAM disks and loop devices.
    if major == 1 || major == 7 || name.isEmpty { return false }
    if disks.find(name) != nil { return true }
    if others.find(name) != nil { return false }
    let partition = "/sys/class/block/\(String(osBytes: name))/partition"
    guard OSPath.access(partition, F_OK) == 0 else { return true }
    _ = others.number(of: name, max: Self.otherNamesMax)
    return false
  }

  /// Calls `body` with each interface's number from 0 and its counters.
  mutating func forEachNetwork(
    _ buffer: UnsafeMutableRawBufferPointer, _ body: (Int, NetworkCounters) -> Void
  ) {
    guard var text = networkFile?.read(into: buffer) else { return }
    text.skipLine()
    text.skipLine()
    text.forEachLine { line in
      let name = line.word(endingAt: UInt8(ascii: ":"))
      line.skipByte()
      var network = NetworkCounters()
      network.receivedBytes = line.count()
      network.receivedPackets = line.count()
      network.receiveErrors = line.count()
      network.receiveDrops = line.count()
      line.skipWords(4)
      network.sentBytes = line.count()
      network.sentPackets = line.count()
      network.sendErrors = line.count()
      network.sendDrops = line.count()
      guard network.receivedPackets | network.sentPackets > 0,
        let number = networks.number(of: name, max: Self.devicesMax)
      else { return }
      network.name = networks.names[number].text
      body(number, network)
    }
  }
}

/// Names of devices, numbered in the order of their first use.
struct DeviceNames {
  struct Name {
    var bytes: [UInt8]
    var text: String
  }

  private(set) var names: [Name] = []
  /// Whether a name had no room.
  private(set) var isFull = false

  func find(_ name: UnsafeRawBufferPointer) -> Int? {
    names.firstIndex { $0.bytes.count == name.count && $0.bytes.elementsEqual(name) }
  }

  /// Returns a name's number; nil if there is none left below `max`.
  mutating func number(of name: UnsafeRawBufferPointer, max: Int) -> Int? {
    if let known = find(name) { return known }
    guard names.count < max else {
      isFull = true
      return nil
    }
    names.append(Name(bytes: Array(name), text: String(osBytes: name)))
    return names.count - 1
  }
}
