// Method enter and leave: keyword Method (0x1000000000000).

extension RuntimeSchema {
  static let methodEventTypes: [any TraceEvent.Type] = [
    MethodEnter.self, MethodLeave.self,
  ]
}

/// A method was entered. Each event has a matching ``MethodLeave``.
public struct MethodEnter: TraceEvent, Hashable {
  /// The handle in the method's ``MethodLoad``.
  public var methodID: UInt64

  @inlinable public init(methodID: UInt64) {
    self.methodID = methodID
  }

  @inlinable public static var eventID: UInt16 { 400 }
  public static let schema = RuntimeSchema.event(
    eventID, "MethodEnter", .verbose, RuntimeSchema.Keyword.method,
    [
      FieldSchema("methodID", .uint64, .hexadecimal)
    ])

  @inlinable public func encode(into encoder: inout EventEncoder) {
    encoder.encode(methodID)
  }

  public init(from decoder: inout EventDecoder) {
    methodID = decoder.decode()
  }
}

/// A method was left.
public struct MethodLeave: TraceEvent, Hashable {
  public var methodID: UInt64
  /// True if the method was left by an exception.
  public var byException: Bool

  @inlinable public init(methodID: UInt64, byException: Bool = false) {
    self.methodID = methodID
    self.byException = byException
  }

  @inlinable public static var eventID: UInt16 { 401 }
  public static let schema = RuntimeSchema.event(
    eventID, "MethodLeave", .verbose, RuntimeSchema.Keyword.method,
    [
      FieldSchema("methodID", .uint64, .hexadecimal),
      FieldSchema("byException", .bool),
    ])

  @inlinable public func encode(into encoder: inout EventEncoder) {
    encoder.encode(methodID)
    encoder.encode(byException)
  }

  public init(from decoder: inout EventDecoder) {
    methodID = decoder.decode()
    byException = decoder.decode()
  }
}
