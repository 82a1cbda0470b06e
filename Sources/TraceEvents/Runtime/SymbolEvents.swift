// Images and symbols of code that no JIT announced: keyword Symbol, also Loader (0x8).

extension RuntimeSchema {
  static let symbolEventTypes: [any TraceEvent.Type] = [
    ImageLoad.self, ImageUnload.self, SymbolLoad.self,
  ]
}

/// An executable image is mapped.
public struct ImageLoad: ListedEvent, Hashable {
  public var baseAddress: UInt64
  public var size: UInt64
  /// Offset in the file of the first mapped byte.
  public var fileOffset: UInt64
  public var path: String
  /// The GNU build id; empty if there is none.
  public var buildID: [UInt8]

  @inlinable
  public init(
    baseAddress: UInt64, size: UInt64, fileOffset: UInt64 = 0, path: String, buildID: [UInt8] = []
  ) {
    self.baseAddress = baseAddress
    self.size = size
    self.fileOffset = fileOffset
    self.path = path
    self.buildID = buildID
  }

  @inlinable public init() { self.init(baseAddress: 0, size: 0, path: "") }

  @inlinable public static var eventID: UInt16 { 500 }
  public static let schema = RuntimeSchema.event(
    Self.self, "ImageLoad", .informational, RuntimeSchema.Keyword.loader)

  /// The fields in the order in which they are written.
  @inlinable public static func fields(_ list: inout some FieldList<Self>) {
    list.field("baseAddress", \.baseAddress, type: .pointer)
    list.field("size", \.size, hint: .bytes)
    list.field("fileOffset", \.fileOffset, hint: .hexadecimal)
    list.field("path", osString: \.path)
    list.field("buildID", \.buildID)
  }
}

/// An executable image was unmapped.
public struct ImageUnload: ListedEvent, Hashable {
  public var baseAddress: UInt64
  public var size: UInt64
  public var path: String

  @inlinable public init(baseAddress: UInt64, size: UInt64, path: String) {
    self.baseAddress = baseAddress
    self.size = size
    self.path = path
  }

  @inlinable public init() { self.init(baseAddress: 0, size: 0, path: "") }

  @inlinable public static var eventID: UInt16 { 501 }
  public static let schema = RuntimeSchema.event(
    Self.self, "ImageUnload", .informational, RuntimeSchema.Keyword.loader)

  @inlinable public static func fields(_ list: inout some FieldList<Self>) {
    list.field("baseAddress", \.baseAddress, type: .pointer)
    list.field("size", \.size, hint: .bytes)
    list.field("path", osString: \.path)
  }
}

/// A name for a range of addresses: stubs, trampolines, interpreter loops.
public struct SymbolLoad: ListedEvent, Hashable {
  public var address: UInt64
  public var size: UInt64
  public var name: String

  @inlinable public init(address: UInt64, size: UInt64, name: String) {
    self.address = address
    self.size = size
    self.name = name
  }

  @inlinable public init() { self.init(address: 0, size: 0, name: "") }

  @inlinable public static var eventID: UInt16 { 502 }
  public static let schema = RuntimeSchema.event(
    Self.self, "SymbolLoad", .informational, RuntimeSchema.Keyword.loader)

  @inlinable public static func fields(_ list: inout some FieldList<Self>) {
    list.field("address", \.address, type: .pointer, hint: .codeAddress)
    list.field("size", \.size, hint: .bytes)
    list.field("name", \.name)
  }
}

extension EventSchema {
  /// Whether the strings of a field are the operating system's, which need not be UTF-8: those of
  /// System's events, and the paths of images.
  package func hasSystemStrings(at field: Int) -> Bool {
    if provider == SystemSchema.providerName { return true }
    guard provider == RuntimeSchema.providerName,
      id == ImageLoad.eventID || id == ImageUnload.eventID
    else { return false }
    return fields[field].name == "path"
  }
}
