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
  public init(path: String, expected: BuildID? = nil, files: DebugFiles = DebugFiles())
    throws(ImageProblem)
  {
    let (image, found) = try files.image(path: path, expected: expected)
    let debug = image.hasSymbolTable ? nil : files.debugFile(of: image, path: found)
    let (symbols, warnings) = SymbolTable.read(image, debug: debug?.file)
    self.path = found
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
