public import TraceEvents

/// Identifies a symbol returned by a ``Symbolizer``. Ids are dense from 0, so they can index the
/// caller's tables.
///
/// Equal ids denote the same function of the same module, source and tier, regardless of when and
/// where its code was loaded.
public struct SymbolID: RawRepresentable, Hashable, Comparable, Sendable {
  public var rawValue: UInt32

  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

  @inlinable public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

/// Identifies a module that a ``Symbolizer`` has met. Ids are dense from 0.
public struct ModuleID: RawRepresentable, Hashable, Comparable, Sendable {
  public var rawValue: UInt32

  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

  @inlinable public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

/// Name and origin of a function.
public struct CodeSymbol: Hashable, Sendable {
  /// Display name: demangled, with the namespace and the signature.
  public var name: String
  /// Name as recorded by its source.
  public var rawName: String
  public var module: ModuleID
  public var source: SymbolSource
  /// Optimization tier of code compiled by a runtime; unknown for all other code.
  public var tier: MethodTier
  /// The runtime's own word for the tier, taken from the code's name, such as "turbofan"; else
  /// empty.
  public var tierName: String

  public init(
    name: String, rawName: String, module: ModuleID, source: SymbolSource,
    tier: MethodTier = .unknown, tierName: String = ""
  ) {
    self.name = name
    self.rawName = rawName
    self.module = module
    self.source = source
    self.tier = tier
    self.tierName = tierName
  }
}

/// A container of functions: an image, the kernel, or one source of code compiled at run time.
public struct CodeModule: Hashable, Sendable {
  /// An image's path; "[JIT]" for code compiled at run time, "[kernel]" for the kernel.
  public var path: String
  /// GNU build id; empty if unknown.
  public var buildID: [UInt8]
  public var source: SymbolSource

  public init(path: String, buildID: [UInt8] = [], source: SymbolSource) {
    self.path = path
    self.buildID = buildID
    self.source = source
  }

  /// Last component of the path.
  public var name: String {
    guard let slash = path.lastIndex(of: "/"), path.last != "/" else { return path }
    return String(path[path.index(after: slash)...])
  }
}
