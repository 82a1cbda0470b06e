// Counters of disks and network interfaces: keyword Counters (0x40).

/// Counters of a disk. A disk that was never used has none.
public struct DiskCounters: ListedEvent, Hashable {
  /// The kernel's name: `sda`.
  public var name: String
  public var reads: UInt64 = 0
  public var readBytes: UInt64 = 0
  public var writes: UInt64 = 0
  public var writtenBytes: UInt64 = 0
  /// Time with at least one request, in milliseconds.
  public var busy: UInt64 = 0
  /// Sum of the times of all requests, in milliseconds.
  public var waited: UInt64 = 0

  @inlinable public init(name: String) { self.name = name }

  @inlinable public init() { self.init(name: "") }

  @inlinable public static var eventID: UInt16 { 104 }
  public static let schema = SystemSchema.event(
    Self.self, "DiskCounters", SystemSchema.Keyword.counters)

  /// The fields in the order in which they are written.
  @inlinable public static func fields(_ list: inout some FieldList<Self>) {
    list.field("name", osString: \.name)
    list.field("reads", \.reads, hint: .count)
    list.field("readBytes", \.readBytes, hint: .bytes)
    list.field("writes", \.writes, hint: .count)
    list.field("writtenBytes", \.writtenBytes, hint: .bytes)
    list.field("busy", \.busy, hint: .milliseconds)
    list.field("waited", \.waited, hint: .milliseconds)
  }
}

/// Counters of a network interface in the session's network namespace. An interface that was never
/// used has none.
public struct NetworkCounters: ListedEvent, Hashable {
  /// The kernel's name: `eth0`.
  public var name: String
  public var receivedBytes: UInt64 = 0
  public var receivedPackets: UInt64 = 0
  /// Received packets with errors, and packets dropped for lack of space.
  public var receiveErrors: UInt64 = 0
  public var receiveDrops: UInt64 = 0
  public var sentBytes: UInt64 = 0
  public var sentPackets: UInt64 = 0
  public var sendErrors: UInt64 = 0
  public var sendDrops: UInt64 = 0

  @inlinable public init(name: String) { self.name = name }

  @inlinable public init() { self.init(name: "") }

  @inlinable public static var eventID: UInt16 { 105 }
  public static let schema = SystemSchema.event(
    Self.self, "NetworkCounters", SystemSchema.Keyword.counters)

  @inlinable public static func fields(_ list: inout some FieldList<Self>) {
    list.field("name", osString: \.name)
    list.field("receivedBytes", \.receivedBytes, hint: .bytes)
    list.field("receivedPackets", \.receivedPackets, hint: .count)
    list.field("receiveErrors", \.receiveErrors, hint: .count)
    list.field("receiveDrops", \.receiveDrops, hint: .count)
    list.field("sentBytes", \.sentBytes, hint: .bytes)
    list.field("sentPackets", \.sentPackets, hint: .count)
    list.field("sendErrors", \.sendErrors, hint: .count)
    list.field("sendDrops", \.sendDrops, hint: .count)
  }
}
