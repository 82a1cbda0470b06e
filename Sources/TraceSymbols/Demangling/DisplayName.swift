/// A function's name in readable form.
public struct DisplayName: Hashable, Sendable {
  public var display: String
  /// The compilation tier, if the runtime's names contain it: "interpreter", "turbofan",
  /// "OptimizedTier1".
  public var tier: String?

  public init(_ display: String, tier: String? = nil) {
    self.display = display
    self.tier = tier
  }
}

/// Converts raw names of compilers and runtimes to readable ones.
public enum Demangler {
  /// Never fails: an unknown name is returned unchanged.
  ///
  /// Cost: about a microsecond for most names, tens for long C++ and Swift names; cache the result.
  /// Bounded for any input: names that would become too long stay raw.
  public static func displayName(_ raw: String) -> DisplayName {
    guard raw.utf8.count <= SymbolLimits.nameLength else { return DisplayName(raw) }
    let stub = "@plt"
    if raw.hasSuffix(stub) {
      var name = displayName(String(raw.dropLast(stub.utf8.count)))
      name.display += stub
      return name
    }
    return name(ofCompiled: raw).map { DisplayName($0) }
      ?? ScriptNames.displayName(raw)
      ?? JavaNames.displayName(raw).map { DisplayName($0) }
      ?? DotNetNames.displayName(raw)
      ?? DisplayName(raw)
  }

  /// Names of ahead-of-time compilers, recognized by their prefix.
  private static func name(ofCompiled raw: String) -> String? {
    if raw.hasPrefix("_Z") { return RustLegacyName.demangle(raw) ?? NativeDemangling.cxx(raw) }
    if raw.hasPrefix("_R") { return RustName.demangle(raw) }
    if NativeDemangling.swiftPrefixes.contains(where: raw.hasPrefix) {
      return NativeDemangling.swift(raw)
    }
    return nil
  }
}
