public import TraceEvents

/// A symbol that a ``Symbolizer`` has given out: dense from 0, so a key for tables of the caller's.
///
/// Equal ids are the same function of the same module, source and tier, wherever and whenever its
/// code lay.
public struct SymbolID: RawRepresentable, Hashable, Comparable, Sendable {
  public var rawValue: UInt32

  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

  @inlinable public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

/// A module that a ``Symbolizer`` has met: dense from 0.
public struct ModuleID: RawRepresentable, Hashable, Comparable, Sendable {
  public var rawValue: UInt32

  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

  @inlinable public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

/// A function's name and where it is from.
public struct CodeSymbol: Hashable, Sendable {
  /// As its users know it: demangled, namespace and signature put together.
  public var name: String
  /// As its source has it.
  public var rawName: String
  public var module: ModuleID
  public var source: SymbolSource
  /// How far a runtime optimised it; unknown for all else.
  public var tier: MethodTier
  /// What the code's own name says of that, in the runtime's words: "turbofan"; else empty.
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

/// What functions belong to: an image, the kernel, or one source of code compiled at run time.
public struct CodeModule: Hashable, Sendable {
  /// An image's path; "[JIT]" for code compiled at run time, "[kernel]" for the kernel.
  public var path: String
  /// The GNU build id, empty where it is not known.
  public var buildID: [UInt8]
  public var source: SymbolSource

  public init(path: String, buildID: [UInt8] = [], source: SymbolSource) {
    self.path = path
    self.buildID = buildID
    self.source = source
  }

  /// The path's last component.
  public var name: String {
    guard let slash = path.lastIndex(of: "/"), path.last != "/" else { return path }
    return String(path[path.index(after: slash)...])
  }
}
