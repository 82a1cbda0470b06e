/// An image's functions, in memory: no file is held open.
public final class LoadedImage: Sendable {
  /// Where the file was found, a root included.
  public let path: String
  /// The debug file whose symbols or lines go with it.
  public let debugPath: String?
  public let buildID: BuildID?
  public let symbols: SymbolTable
  public let addressing: FileAddressing
  /// What could not be read; what could is in `symbols`.
  public let warnings: [SymbolWarning]

  /// The image at `path`, with the names of its debug file if it has none itself.
  ///
  /// - Parameter expected: the build-id of the image that was mapped; another file's names would
  ///   be wrong ones. Without it, what is at the path is taken.
  public convenience init(path: String, expected: BuildID? = nil, files: DebugFiles = DebugFiles())
    throws(ImageProblem)
  {
    if path == VirtualSharedObject.path {
      try self.init(virtual: expected)
      return
    }
    let (image, found) = try files.image(path: path, expected: expected)
    let debug = image.hasSymbolTable ? nil : files.debugFile(of: image, path: found)
    self.init(image, path: found, debug: debug)
  }

  private convenience init(virtual expected: BuildID?) throws(ImageProblem) {
    let path = VirtualSharedObject.path
    guard let image = VirtualSharedObject.image() else { throw .notFound(path: path) }
    let found = image.buildID
    if let expected, found?.matches(expected) != true {
      throw .buildIDDiffers(path: path, expected: expected, found: found)
    }
    self.init(image, path: path, debug: nil)
  }

  private init(_ image: ELFFile, path: String, debug: (file: ELFFile, path: String)?) {
    let (symbols, warnings) = SymbolTable.read(image, debug: debug?.file)
    self.path = path
    self.debugPath = debug?.path
    self.buildID = image.buildID
    self.symbols = symbols
    self.addressing = FileAddressing(image)
    self.warnings = warnings
  }
}

extension ELFFile {
  /// Whether it has a full symbol table, not only the dynamic one.
  var hasSymbolTable: Bool {
    sections.contains { $0.kind == ELFSection.Kind.symbols && $0.size > 0 }
  }
}
