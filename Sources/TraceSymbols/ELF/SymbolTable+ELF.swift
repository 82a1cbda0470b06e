extension SymbolTable {
  /// The functions of an image, by offset in its file: from the debug file if there is one, from
  /// `.symtab`, or from the tables left in a stripped file, and the names of stubs.
  ///
  /// The caller must check that the debug file belongs to the image. Cost: reads the tables once; a
  /// million symbols take about a second.
  public static func read(
    _ image: ELFFile, debug: ELFFile? = nil
  ) -> (SymbolTable, warnings: [SymbolWarning]) {
    var reader = ELFSymbolReader(image)
    reader.readAll(debug: debug)
    return reader.finish()
  }
}
