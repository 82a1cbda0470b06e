// Method enter and leave: keyword Method (0x1000000000000).

extension RuntimeSchema {
  static let methodEventTypes: [any TraceEvent.Type] = [
    MethodEnter.self, MethodLeave.self,
  ]
}

/// A method was entered. Each event has a matching ``MethodLeave``.
public struct MethodEnter: ListedEvent, Hashable {
  /// The handle in the method's ``MethodLoad``.
  public var methodID: UInt64

  @inlinable public init(methodID: UInt64) {
    self.methodID = methodID
  }

  @inlinable public init() { self.init(methodID: 0) }

  @inlinable public static var eventID: UInt16 { 400 }
  public static let schema = RuntimeSchema.event(
    Self.self, "MethodEnter", .verbose, RuntimeSchema.Keyword.method)

  /// The fields in the order in which they are written.
  @inlinable public static func fields(_ list: inout some FieldList<Self>) {
    list.field("methodID", \.methodID, hint: .hexadecimal)
  }
}

/// A method was left.
public struct MethodLeave: ListedEvent, Hashable {
  public var methodID: UInt64
  /// True if the method was left by an exception.
  public var byException: Bool

  @inlinable public init(methodID: UInt64, byException: Bool = false) {
    self.methodID = methodID
    self.byException = byException
  }

  @inlinable public init() { self.init(methodID: 0) }

  @inlinable public static var eventID: UInt16 { 401 }
  public static let schema = RuntimeSchema.event(
    Self.self, "MethodLeave", .verbose, RuntimeSchema.Keyword.method)

  @inlinable public static func fields(_ list: inout some FieldList<Self>) {
    list.field("methodID", \.methodID, hint: .hexadecimal)
    list.field("byException", \.byException)
  }
}
