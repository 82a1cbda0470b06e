// Images and symbols of code that no JIT announced: keyword Symbol, also Loader (0x8).

extension RuntimeSchema {
  static let symbolEventTypes: [any TraceEvent.Type] = [
    ImageLoad.self, ImageUnload.self, SymbolLoad.self,
  ]
}

/// An executable image is mapped.
public struct ImageLoad: TraceEvent, Hashable {
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

  @inlinable public static var eventID: UInt16 { 500 }
  public static let schema = RuntimeSchema.event(
    eventID, "ImageLoad", .informational, RuntimeSchema.Keyword.loader,
    [
      FieldSchema("baseAddress", .pointer),
      FieldSchema("size", .uint64, .bytes),
      FieldSchema("fileOffset", .uint64, .hexadecimal),
      FieldSchema("path", .string),
      FieldSchema("buildID", .bytes),
    ])

  @inlinable public func encode(into encoder: inout EventEncoder) {
    encoder.encode(baseAddress)
    encoder.encode(size)
    encoder.encode(fileOffset)
    encoder.encode(osString: path)
    encoder.encode(buildID)
  }

  public init(from decoder: inout EventDecoder) {
    baseAddress = decoder.decode()
    size = decoder.decode()
    fileOffset = decoder.decode()
    path = decoder.decodeOSString()
    buildID = decoder.decode()
  }
}

/// An executable image was unmapped.
public struct ImageUnload: TraceEvent, Hashable {
  public var baseAddress: UInt64
  public var size: UInt64
  public var path: String

  @inlinable public init(baseAddress: UInt64, size: UInt64, path: String) {
    self.baseAddress = baseAddress
    self.size = size
    self.path = path
  }

  @inlinable public static var eventID: UInt16 { 501 }
  public static let schema = RuntimeSchema.event(
    eventID, "ImageUnload", .informational, RuntimeSchema.Keyword.loader,
    [
      FieldSchema("baseAddress", .pointer),
      FieldSchema("size", .uint64, .bytes),
      FieldSchema("path", .string),
    ])

  @inlinable public func encode(into encoder: inout EventEncoder) {
    encoder.encode(baseAddress)
    encoder.encode(size)
    encoder.encode(osString: path)
  }

  public init(from decoder: inout EventDecoder) {
    baseAddress = decoder.decode()
    size = decoder.decode()
    path = decoder.decodeOSString()
  }
}

/// A name for a range of addresses: stubs, trampolines, interpreter loops.
public struct SymbolLoad: TraceEvent, Hashable {
  public var address: UInt64
  public var size: UInt64
  public var name: String

  @inlinable public init(address: UInt64, size: UInt64, name: String) {
    self.address = address
    self.size = size
    self.name = name
  }

  @inlinable public static var eventID: UInt16 { 502 }
  public static let schema = RuntimeSchema.event(
    eventID, "SymbolLoad", .informational, RuntimeSchema.Keyword.loader,
    [
      FieldSchema("address", .pointer, .codeAddress),
      FieldSchema("size", .uint64, .bytes),
      FieldSchema("name", .string),
    ])

  @inlinable public func encode(into encoder: inout EventEncoder) {
    encoder.encode(address)
    encoder.encode(size)
    encoder.encode(name)
  }

  public init(from decoder: inout EventDecoder) {
    address = decoder.decode()
    size = decoder.decode()
    name = decoder.decode()
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
