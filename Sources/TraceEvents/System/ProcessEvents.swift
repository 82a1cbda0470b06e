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
public struct ProcessStart: TraceEvent, Hashable {
  public var parentPID: UInt32
  /// The kernel's name of the command, at most 15 bytes.
  public var name: String

  @inlinable
  public init(parentPID: UInt32, name: String) {
    self.parentPID = parentPID
    self.name = name
  }

  @inlinable public static var eventID: UInt16 { 1 }
  public static let schema = SystemSchema.event(
    eventID, "ProcessStart", SystemSchema.Keyword.process,
    [
      FieldSchema("parentPID", .uint32, .processID),
      FieldSchema("name", .string),
    ])

  @inlinable public func encode(into encoder: inout EventEncoder) {
    encoder.encode(parentPID)
    encoder.encode(osString: name)
  }

  public init(from decoder: inout EventDecoder) {
    parentPID = decoder.decode()
    name = decoder.decodeOSString()
  }
}

/// A process has ended, and with it all its mappings.
public struct ProcessStop: TraceEvent, Hashable {
  public var parentPID: UInt32

  @inlinable
  public init(parentPID: UInt32) {
    self.parentPID = parentPID
  }

  @inlinable public static var eventID: UInt16 { 2 }
  public static let schema = SystemSchema.event(
    eventID, "ProcessStop", SystemSchema.Keyword.process,
    [
      FieldSchema("parentPID", .uint32, .processID)
    ])

  @inlinable public func encode(into encoder: inout EventEncoder) {
    encoder.encode(parentPID)
  }

  public init(from decoder: inout EventDecoder) {
    parentPID = decoder.decode()
  }
}

/// A thread began.
public struct ThreadStart: TraceEvent, Hashable {
  public var name: String

  @inlinable
  public init(name: String) {
    self.name = name
  }

  @inlinable public static var eventID: UInt16 { 3 }
  public static let schema = SystemSchema.event(
    eventID, "ThreadStart", SystemSchema.Keyword.thread,
    [
      FieldSchema("name", .string)
    ])

  @inlinable public func encode(into encoder: inout EventEncoder) {
    encoder.encode(osString: name)
  }

  public init(from decoder: inout EventDecoder) {
    name = decoder.decodeOSString()
  }
}

/// A thread has ended.
public struct ThreadStop: TraceEvent, Hashable {
  public var name: String

  @inlinable
  public init(name: String) {
    self.name = name
  }

  @inlinable public static var eventID: UInt16 { 4 }
  public static let schema = SystemSchema.event(
    eventID, "ThreadStop", SystemSchema.Keyword.thread,
    [
      FieldSchema("name", .string)
    ])

  @inlinable public func encode(into encoder: inout EventEncoder) {
    encoder.encode(osString: name)
  }

  public init(from decoder: inout EventDecoder) {
    name = decoder.decodeOSString()
  }
}

/// A process runs another program; its previous mappings have ended.
public struct ProcessExec: TraceEvent, Hashable {
  /// The kernel's name of the command, at most 15 bytes.
  public var name: String

  @inlinable
  public init(name: String) {
    self.name = name
  }

  @inlinable public static var eventID: UInt16 { 5 }
  public static let schema = SystemSchema.event(
    eventID, "ProcessExec", SystemSchema.Keyword.process,
    [
      FieldSchema("name", .string)
    ])

  @inlinable public func encode(into encoder: inout EventEncoder) {
    encoder.encode(osString: name)
  }

  public init(from decoder: inout EventDecoder) {
    name = decoder.decodeOSString()
  }
}

/// A thread changed its name.
public struct ThreadName: TraceEvent, Hashable {
  public var name: String

  @inlinable
  public init(name: String) {
    self.name = name
  }

  @inlinable public static var eventID: UInt16 { 6 }
  public static let schema = SystemSchema.event(
    eventID, "ThreadName", SystemSchema.Keyword.thread,
    [
      FieldSchema("name", .string)
    ])

  @inlinable public func encode(into encoder: inout EventEncoder) {
    encoder.encode(osString: name)
  }

  public init(from decoder: inout EventDecoder) {
    name = decoder.decodeOSString()
  }
}

/// A process that has just begun has its parent's address space, not a copy (vfork(2), clone(2)
/// with CLONE_VM), until one of the two runs another program or ends.
public struct AddressSpaceShared: TraceEvent, Hashable {
  public var parentPID: UInt32

  @inlinable
  public init(parentPID: UInt32) {
    self.parentPID = parentPID
  }

  @inlinable public static var eventID: UInt16 { 7 }
  public static let schema = SystemSchema.event(
    eventID, "AddressSpaceShared", SystemSchema.Keyword.process,
    [
      FieldSchema("parentPID", .uint32, .processID)
    ])

  @inlinable public func encode(into encoder: inout EventEncoder) {
    encoder.encode(parentPID)
  }

  public init(from decoder: inout EventDecoder) {
    parentPID = decoder.decode()
  }
}

/// A file is mapped as executable code.
public struct ImageMap: TraceEvent, Hashable {
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

  @inlinable public static var eventID: UInt16 { 10 }
  public static let schema = SystemSchema.event(
    eventID, "ImageMap", SystemSchema.Keyword.image,
    [
      FieldSchema("baseAddress", .pointer),
      FieldSchema("size", .uint64, .bytes),
      FieldSchema("fileOffset", .uint64, .hexadecimal),
      FieldSchema("path", .string),
      FieldSchema("buildID", .bytes),
      FieldSchema("device", .uint64, .hexadecimal),
      FieldSchema("inode", .uint64),
    ])

  @inlinable public func encode(into encoder: inout EventEncoder) {
    encoder.encode(baseAddress)
    encoder.encode(size)
    encoder.encode(fileOffset)
    encoder.encode(osString: path)
    encoder.encode(buildID)
    encoder.encode(device)
    encoder.encode(inode)
  }

  public init(from decoder: inout EventDecoder) {
    baseAddress = decoder.decode()
    size = decoder.decode()
    fileOffset = decoder.decode()
    path = decoder.decodeOSString()
    buildID = decoder.decode()
    device = decoder.decode()
    inode = decoder.decode()
  }
}
