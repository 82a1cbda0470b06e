/// The importance of an event. A session receives every event at or below its level.
public struct Level: RawRepresentable, Hashable, Comparable, Sendable {
  public var rawValue: UInt8

  @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Written at every level of a session.
  public static let always = Level(rawValue: 0)
  public static let critical = Level(rawValue: 1)
  public static let error = Level(rawValue: 2)
  public static let warning = Level(rawValue: 3)
  public static let informational = Level(rawValue: 4)
  public static let verbose = Level(rawValue: 5)

  @inlinable public static func < (a: Level, b: Level) -> Bool { a.rawValue < b.rawValue }

  private static let names = [
    "Always", "Critical", "Error", "Warning", "Informational", "Verbose",
  ]

  /// "Informational", or the number for a level without a name.
  public var name: String {
    Int(rawValue) < Self.names.count ? Self.names[Int(rawValue)] : "\(rawValue)"
  }

  /// The level with this name (any case) or number, 0 to 255.
  public init?(name: String) {
    if let number = UInt8(name) {
      self.init(rawValue: number)
      return
    }
    let index = Self.names.firstIndex { $0.lowercased() == name.lowercased() }
    guard let index else { return nil }
    self.init(rawValue: UInt8(index))
  }
}
