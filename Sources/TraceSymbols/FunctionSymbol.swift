/// A function of an executable file.
public struct FunctionSymbol: Hashable, Sendable {
  /// Where it begins: an offset in the file, or for the kernel an address.
  public var offset: UInt64
  public var size: UInt64
  /// As the file has it, not demangled; without the version that may stand behind it.
  public var name: String

  public init(offset: UInt64, size: UInt64, name: String) {
    self.offset = offset
    self.size = size
    self.name = name
  }
}
