/// An image's functions in memory, without open files.
public final class LoadedImage: Sendable {
  /// The path at which the file was found, including a root.
  public let path: String
  /// The debug file that provides symbols or lines.
  public let debugPath: String?
  public let buildID: BuildID?
  public let symbols: SymbolTable
  public let addressing: FileAddressing
  /// The parts that could not be read; the readable ones are in `symbols`.
  public let warnings: [SymbolWarning]

  /// Loads the image at `path`, with the names of its debug file if it has none itself.
  ///
  /// - Parameter expected: the build id of the image that was mapped; another file's names would be
  ///   wrong. Without it, the file at the path is used.
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
  /// Whether the image has a full symbol table, not only the dynamic one.
  var hasSymbolTable: Bool {
    sections.contains { $0.kind == ELFSection.Kind.symbols && $0.size > 0 }
  }
}
