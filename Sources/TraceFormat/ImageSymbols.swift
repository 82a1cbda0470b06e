/// A function of an image.
public struct ImageFunction: Hashable, Sendable {
  /// Where it begins: in an image an offset in the file, in the vDSO an offset in the image that
  /// the kernel maps, of the kernel an address.
  public var offset: UInt64
  public var size: UInt64
  /// As the image has it, not demangled.
  public var name: String

  public init(offset: UInt64, size: UInt64, name: String) {
    self.offset = offset
    self.size = size
    self.name = name
  }
}

/// What has symbols.
public enum ImageKind: UInt8, Hashable, Sendable {
  /// An executable or a library.
  case file = 0
  case kernel = 1
  /// The code that the kernel maps into every process.
  case vdso = 2
}

/// The functions of one image, as many as a trace needs.
public struct ImageSymbols: Hashable, Sendable {
  public var kind: ImageKind
  /// As the ImageMap events have it; for the kernel and the vDSO what the kernel calls them.
  public var path: String
  /// The linker's note that tells builds apart; empty when the image has none.
  public var buildID: [UInt8]
  public var functions: [ImageFunction]

  public init(
    kind: ImageKind = .file, path: String, buildID: [UInt8] = [], functions: [ImageFunction]
  ) {
    self.kind = kind
    self.path = path
    self.buildID = buildID
    self.functions = functions
  }
}
