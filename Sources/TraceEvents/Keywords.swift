/// A set of up to 64 provider-defined categories that an event belongs to.
public struct Keywords: OptionSet, Hashable, Sendable {
  public var rawValue: UInt64

  @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }

  public static let all = Keywords(rawValue: .max)
}

/// A keyword bit of a provider, and its name.
public struct KeywordSchema: Hashable, Sendable {
  public var name: String
  public var keywords: Keywords

  public init(_ name: String, _ keywords: Keywords) {
    self.name = name
    self.keywords = keywords
  }
}

/// A session's selection of a provider's events (ETW's rules).
///
/// - `level`: an event passes if its level ≤ this; 0 and 255 mean every level.
/// - `any`: an event passes if it has one of these bits; an empty set means every event.
/// - `all`: used only if `any` is not empty; an event must have all of these bits.
/// - An event without keywords always passes both keyword tests.
public struct EnableFilter: Hashable, Sendable {
  public var level: Level
  public var any: Keywords
  public var all: Keywords

  public init(level: Level = .verbose, any: Keywords = [], all: Keywords = []) {
    self.level = level
    self.any = any
    self.all = all
  }

  /// Whether an event with this level and these keywords passes.
  public func admits(level eventLevel: Level, keywords: Keywords) -> Bool {
    let levelPasses =
      level.rawValue == 0 || level.rawValue == 255 || eventLevel.rawValue <= level.rawValue
    guard levelPasses else { return false }
    if keywords.isEmpty || any.isEmpty { return true }
    return !keywords.isDisjoint(with: any) && keywords.isSuperset(of: all)
  }
}
