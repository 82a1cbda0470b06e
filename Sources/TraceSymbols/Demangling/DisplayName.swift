/// A function's name as people know it.
public struct DisplayName: Hashable, Sendable {
  public var display: String
  /// How far the runtime has compiled it, where its names say so: "interpreter", "turbofan",
  /// "OptimizedTier1".
  public var tier: String?

  public init(_ display: String, tier: String? = nil) {
    self.display = display
    self.tier = tier
  }
}

/// Shows raw names of compilers and runtimes the way their users know them.
public enum Demangler {
  /// Never fails: what it does not know it gives back as it is.
  ///
  /// Cost: about a microsecond for most, tens for long C++ and Swift names; keep the result.
  /// Bounded for any input: names that would grow out of measure stay raw.
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

  /// Of what compiles ahead of time: told by how the name begins.
  private static func name(ofCompiled raw: String) -> String? {
    if raw.hasPrefix("_Z") { return RustLegacyName.demangle(raw) ?? NativeDemangling.cxx(raw) }
    if raw.hasPrefix("_R") { return RustName.demangle(raw) }
    if NativeDemangling.swiftPrefixes.contains(where: raw.hasPrefix) {
      return NativeDemangling.swift(raw)
    }
    return nil
  }
}
