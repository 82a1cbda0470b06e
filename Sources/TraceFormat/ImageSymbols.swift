/// A function of an image.
public struct ImageFunction: Hashable, Sendable {
  /// Start of the function: a file offset for an image file, an offset in the mapped image for the
  /// vDSO, an address for the kernel.
  public var offset: UInt64
  public var size: UInt64
  /// Name as the image stores it, not demangled.
  public var name: String

  public init(offset: UInt64, size: UInt64, name: String) {
    self.offset = offset
    self.size = size
    self.name = name
  }
}

/// The kinds of image that have symbols.
public enum ImageKind: UInt8, Hashable, Sendable {
  /// An executable or a library.
  case file = 0
  case kernel = 1
  /// The vDSO: code that the kernel maps into every process.
  case vdso = 2
}

/// The functions of one image that a trace needs.
public struct ImageSymbols: Hashable, Sendable {
  public var kind: ImageKind
  /// Path as in the ImageMap events; for the kernel and the vDSO, the kernel's name for it.
  public var path: String
  /// The linker's build id, which distinguishes builds; empty if the image has none.
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
