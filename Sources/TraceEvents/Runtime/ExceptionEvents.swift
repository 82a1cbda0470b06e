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

  @usableFromInline static let type = FieldType.enumeration(
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
public struct ExceptionThrown: ListedEvent, Hashable {
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

  @inlinable public init() { self.init(exceptionType: "", exceptionMessage: "") }

  @inlinable public static var eventID: UInt16 { 80 }
  public static let schema = RuntimeSchema.event(
    Self.self, "ExceptionThrown", .error, RuntimeSchema.Keyword.exception)

  /// The fields in the order in which they are written.
  @inlinable public static func fields(_ list: inout some FieldList<Self>) {
    list.field("exceptionType", \.exceptionType)
    list.field("exceptionMessage", \.exceptionMessage)
    list.field("exceptionEIP", \.exceptionEIP, type: .pointer, hint: .codeAddress)
    list.field("exceptionHRESULT", \.exceptionHRESULT, hint: .hexadecimal)
    list.field("exceptionFlags", \.exceptionFlags, type: ExceptionFlags.type)
    list.field("methodID", \.methodID, hint: .hexadecimal)
    list.field("methodName", \.methodName)
  }
}

/// An exception reached its handler.
public struct ExceptionCaught: ListedEvent, Hashable {
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

  @inlinable public init() { self.init(methodName: "") }

  @inlinable public static var eventID: UInt16 { 250 }
  public static let schema = RuntimeSchema.event(
    Self.self, "ExceptionCaught", .informational, RuntimeSchema.Keyword.exception)

  @inlinable public static func fields(_ list: inout some FieldList<Self>) {
    list.field("entryEIP", \.entryEIP, type: .pointer, hint: .codeAddress)
    list.field("methodID", \.methodID, hint: .hexadecimal)
    list.field("methodName", \.methodName)
    list.field("exceptionType", \.exceptionType)
  }
}
