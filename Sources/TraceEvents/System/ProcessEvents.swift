// Processes, threads and what they map: keywords Process (0x4), Thread (0x8) and Image (0x10).

extension SystemSchema {
  static let processEventTypes: [any TraceEvent.Type] = [
    ProcessStart.self, ProcessStop.self, ThreadStart.self, ThreadStop.self, ProcessExec.self,
    ThreadName.self, AddressSpaceShared.self, ImageMap.self,
  ]
}

/// A process began, by fork: it shares its parent's images and code.
///
/// If the record has the rundown flag, the process ran before the session.
public struct ProcessStart: ListedEvent, Hashable {
  public var parentPID: UInt32
  /// The kernel's name of the command, at most 15 bytes.
  public var name: String

  @inlinable
  public init(parentPID: UInt32, name: String) {
    self.parentPID = parentPID
    self.name = name
  }

  @inlinable public init() { self.init(parentPID: 0, name: "") }

  @inlinable public static var eventID: UInt16 { 1 }
  public static let schema = SystemSchema.event(
    Self.self, "ProcessStart", SystemSchema.Keyword.process)

  /// The fields in the order in which they are written.
  @inlinable public static func fields(_ list: inout some FieldList<Self>) {
    list.field("parentPID", \.parentPID, hint: .processID)
    list.field("name", osString: \.name)
  }
}

/// A process has ended, and with it all its mappings.
public struct ProcessStop: ListedEvent, Hashable {
  public var parentPID: UInt32

  @inlinable
  public init(parentPID: UInt32) {
    self.parentPID = parentPID
  }

  @inlinable public init() { self.init(parentPID: 0) }

  @inlinable public static var eventID: UInt16 { 2 }
  public static let schema = SystemSchema.event(
    Self.self, "ProcessStop", SystemSchema.Keyword.process)

  @inlinable public static func fields(_ list: inout some FieldList<Self>) {
    list.field("parentPID", \.parentPID, hint: .processID)
  }
}

/// A thread began.
public struct ThreadStart: ListedEvent, Hashable {
  public var name: String

  @inlinable
  public init(name: String) {
    self.name = name
  }

  @inlinable public init() { self.init(name: "") }

  @inlinable public static var eventID: UInt16 { 3 }
  public static let schema = SystemSchema.event(
    Self.self, "ThreadStart", SystemSchema.Keyword.thread)

  @inlinable public static func fields(_ list: inout some FieldList<Self>) {
    list.field("name", osString: \.name)
  }
}

/// A thread has ended.
public struct ThreadStop: ListedEvent, Hashable {
  public var name: String

  @inlinable
  public init(name: String) {
    self.name = name
  }

  @inlinable public init() { self.init(name: "") }

  @inlinable public static var eventID: UInt16 { 4 }
  public static let schema = SystemSchema.event(
    Self.self, "ThreadStop", SystemSchema.Keyword.thread)

  @inlinable public static func fields(_ list: inout some FieldList<Self>) {
    list.field("name", osString: \.name)
  }
}

/// A process runs another program; its previous mappings have ended.
public struct ProcessExec: ListedEvent, Hashable {
  /// The kernel's name of the command, at most 15 bytes.
  public var name: String

  @inlinable
  public init(name: String) {
    self.name = name
  }

  @inlinable public init() { self.init(name: "") }

  @inlinable public static var eventID: UInt16 { 5 }
  public static let schema = SystemSchema.event(
    Self.self, "ProcessExec", SystemSchema.Keyword.process)

  @inlinable public static func fields(_ list: inout some FieldList<Self>) {
    list.field("name", osString: \.name)
  }
}

/// A thread changed its name.
public struct ThreadName: ListedEvent, Hashable {
  public var name: String

  @inlinable
  public init(name: String) {
    self.name = name
  }

  @inlinable public init() { self.init(name: "") }

  @inlinable public static var eventID: UInt16 { 6 }
  public static let schema = SystemSchema.event(
    Self.self, "ThreadName", SystemSchema.Keyword.thread)

  @inlinable public static func fields(_ list: inout some FieldList<Self>) {
    list.field("name", osString: \.name)
  }
}

/// A process that has just begun has its parent's address space, not a copy (vfork(2), clone(2)
/// with CLONE_VM), until one of the two runs another program or ends.
public struct AddressSpaceShared: ListedEvent, Hashable {
  public var parentPID: UInt32

  @inlinable
  public init(parentPID: UInt32) {
    self.parentPID = parentPID
  }

  @inlinable public init() { self.init(parentPID: 0) }

  @inlinable public static var eventID: UInt16 { 7 }
  public static let schema = SystemSchema.event(
    Self.self, "AddressSpaceShared", SystemSchema.Keyword.process)

  @inlinable public static func fields(_ list: inout some FieldList<Self>) {
    list.field("parentPID", \.parentPID, hint: .processID)
  }
}

/// A file is mapped as executable code.
public struct ImageMap: ListedEvent, Hashable {
  public var baseAddress: UInt64
  public var size: UInt64
  /// Offset in the file of the first mapped byte.
  public var fileOffset: UInt64
  /// The path that the kernel reports; a mapping without a file has a name in brackets.
  public var path: String
  /// The GNU build id; empty if not known.
  public var buildID: [UInt8]
  /// The file's device in the form of st_dev; 0 if not known.
  public var device: UInt64
  /// The file's inode; 0 if not known.
  public var inode: UInt64

  @inlinable
  public init(
    baseAddress: UInt64, size: UInt64, fileOffset: UInt64, path: String, buildID: [UInt8] = [],
    device: UInt64 = 0, inode: UInt64 = 0
  ) {
    self.baseAddress = baseAddress
    self.size = size
    self.fileOffset = fileOffset
    self.path = path
    self.buildID = buildID
    self.device = device
    self.inode = inode
  }

  @inlinable public init() { self.init(baseAddress: 0, size: 0, fileOffset: 0, path: "") }

  @inlinable public static var eventID: UInt16 { 10 }
  public static let schema = SystemSchema.event(Self.self, "ImageMap", SystemSchema.Keyword.image)

  @inlinable public static func fields(_ list: inout some FieldList<Self>) {
    list.field("baseAddress", \.baseAddress, type: .pointer)
    list.field("size", \.size, hint: .bytes)
    list.field("fileOffset", \.fileOffset, hint: .hexadecimal)
    list.field("path", osString: \.path)
    list.field("buildID", \.buildID)
    list.field("device", \.device, hint: .hexadecimal)
    list.field("inode", \.inode)
  }
}
