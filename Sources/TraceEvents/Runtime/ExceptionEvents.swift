// Exceptions: keyword Exception (0x8000).

extension RuntimeSchema {
  static let exceptionEventTypes: [any TraceEvent.Type] = [
    ExceptionThrown.self, ExceptionCaught.self,
  ]
}

/// Circumstances of an exception.
public struct ExceptionFlags: OpenEnumeration {
  public var rawValue: UInt16

  @inlinable public init(rawValue: UInt16) { self.rawValue = rawValue }

  public static let hasInner = ExceptionFlags(rawValue: 0x1)
  public static let nested = ExceptionFlags(rawValue: 0x2)
  public static let reThrown = ExceptionFlags(rawValue: 0x4)
  public static let corruptedState = ExceptionFlags(rawValue: 0x8)
  public static let clsCompliant = ExceptionFlags(rawValue: 0x10)

  static let type = FieldType.enumeration(
    EnumSchema(
      name: "ExceptionFlags", underlying: .uint16, isFlags: true,
      cases: [
        EnumCase("HasInner", 0x1),
        EnumCase("Nested", 0x2),
        EnumCase("ReThrown", 0x4),
        EnumCase("CorruptedState", 0x8),
        EnumCase("CLSCompliant", 0x10),
      ]))
}

/// An exception was thrown.
public struct ExceptionThrown: TraceEvent, Hashable {
  public var exceptionType: String
  public var exceptionMessage: String
  /// Address of the throwing instruction; 0 if not known.
  public var exceptionEIP: UInt64
  public var exceptionHRESULT: UInt32
  public var exceptionFlags: ExceptionFlags
  /// The method that threw; 0 if not known.
  public var methodID: UInt64
  public var methodName: String

  @inlinable
  public init(
    exceptionType: String, exceptionMessage: String, exceptionEIP: UInt64 = 0,
    exceptionHRESULT: UInt32 = 0,
    exceptionFlags: ExceptionFlags = ExceptionFlags(
      rawValue:
        0), methodID: UInt64 = 0, methodName: String = ""
  ) {
    self.exceptionType = exceptionType
    self.exceptionMessage = exceptionMessage
    self.exceptionEIP = exceptionEIP
    self.exceptionHRESULT = exceptionHRESULT
    self.exceptionFlags = exceptionFlags
    self.methodID = methodID
    self.methodName = methodName
  }

  @inlinable public static var eventID: UInt16 { 80 }
  public static let schema = RuntimeSchema.event(
    eventID, "ExceptionThrown", .error, RuntimeSchema.Keyword.exception,
    [
      FieldSchema("exceptionType", .string),
      FieldSchema("exceptionMessage", .string),
      FieldSchema("exceptionEIP", .pointer, .codeAddress),
      FieldSchema("exceptionHRESULT", .uint32, .hexadecimal),
      FieldSchema("exceptionFlags", ExceptionFlags.type),
      FieldSchema("methodID", .uint64, .hexadecimal),
      FieldSchema("methodName", .string),
    ])

  @inlinable public func encode(into encoder: inout EventEncoder) {
    encoder.encode(exceptionType)
    encoder.encode(exceptionMessage)
    encoder.encode(exceptionEIP)
    encoder.encode(exceptionHRESULT)
    encoder.encode(exceptionFlags)
    encoder.encode(methodID)
    encoder.encode(methodName)
  }

  public init(from decoder: inout EventDecoder) {
    exceptionType = decoder.decode()
    exceptionMessage = decoder.decode()
    exceptionEIP = decoder.decode()
    exceptionHRESULT = decoder.decode()
    exceptionFlags = decoder.decode()
    methodID = decoder.decode()
    methodName = decoder.decode()
  }
}

/// An exception reached its handler.
public struct ExceptionCaught: TraceEvent, Hashable {
  /// Address of the handler; 0 if not known.
  public var entryEIP: UInt64
  /// The method that caught it; 0 if not known.
  public var methodID: UInt64
  public var methodName: String
  public var exceptionType: String

  @inlinable
  public init(
    entryEIP: UInt64 = 0, methodID: UInt64 = 0, methodName: String, exceptionType: String = ""
  ) {
    self.entryEIP = entryEIP
    self.methodID = methodID
    self.methodName = methodName
    self.exceptionType = exceptionType
  }

  @inlinable public static var eventID: UInt16 { 250 }
  public static let schema = RuntimeSchema.event(
    eventID, "ExceptionCaught", .informational, RuntimeSchema.Keyword.exception,
    [
      FieldSchema("entryEIP", .pointer, .codeAddress),
      FieldSchema("methodID", .uint64, .hexadecimal),
      FieldSchema("methodName", .string),
      FieldSchema("exceptionType", .string),
    ])

  @inlinable public func encode(into encoder: inout EventEncoder) {
    encoder.encode(entryEIP)
    encoder.encode(methodID)
    encoder.encode(methodName)
    encoder.encode(exceptionType)
  }

  public init(from decoder: inout EventDecoder) {
    entryEIP = decoder.decode()
    methodID = decoder.decode()
    methodName = decoder.decode()
    exceptionType = decoder.decode()
  }
}
