extension SymbolTable {
  /// The functions of an image, by offset in its file: from the debug file where there is one, from
  /// `.symtab`, or from what a stripped file still has, and the stubs' names.
  ///
  /// The caller has made sure that the debug file is the image's own. Cost: reads the tables once;
  /// a million symbols take about a second.
  public static func read(
    _ image: ELFFile, debug: ELFFile? = nil
  ) -> (SymbolTable, warnings: [SymbolWarning]) {
    var reader = ELFSymbolReader(image)
    reader.readAll(debug: debug)
    return reader.finish()
  }
}
