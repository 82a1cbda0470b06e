/// A function of an executable file.
public struct FunctionSymbol: Hashable, Sendable {
  /// The start: an offset in the file or, for the kernel, an address.
  public var offset: UInt64
  public var size: UInt64
  /// The name in the file, not demangled, without a version.
  public var name: String

  public init(offset: UInt64, size: UInt64, name: String) {
    self.offset = offset
    self.size = size
    self.name = name
  }
}
