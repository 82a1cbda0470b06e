/// What an event says about an activity, such as the handling of a request.
///
/// The event that starts an activity and the one that stops it have a field with the hint
/// ``FieldHint/activity`` and the same value in it. Without such a field, the activity is the
/// thread's. Their names are the same, apart from an ending such as `Start` and `Stop`.
public struct EventOpcode: RawRepresentable, Hashable, Sendable {
  public var rawValue: UInt8

  @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The event neither starts nor stops an activity.
  public static let info = EventOpcode(rawValue: 0)
  public static let start = EventOpcode(rawValue: 1)
  public static let stop = EventOpcode(rawValue: 2)
}
