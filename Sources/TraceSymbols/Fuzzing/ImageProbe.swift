/// Reads any bytes as an ELF image, for the fuzzer and for the test of its corpus.
@_spi(Fuzzing) public enum ImageProbe {
  /// - Returns: the number of functions found.
  public static func read(_ bytes: UnsafeRawBufferPointer) -> Int {
    guard let file = try? ELFFile(ByteSource(Array(bytes)), path: "probe") else { return 0 }
    precondition(file.segments.count <= SymbolLimits.programHeaders)
    precondition(file.sections.count <= SymbolLimits.sectionHeaders)
    if let id = file.buildID {
      precondition(id.bytes.count <= SymbolLimits.buildIDBytes)
      precondition(BuildID(hexadecimal: id.description) == id)
    }
    _ = DebugLink(file)
    let (table, warnings) = SymbolTable.read(file)
    precondition(warnings.count <= SymbolLimits.warnings)
    check(table)
    // A debug file's addresses are converted with the image's segments.
    let (other, _) = SymbolTable.read(file, debug: file)
    check(other)
    return table.count
  }

  private static func check(_ table: SymbolTable) {
    var before: UInt64?
    for index in 0..<table.count {
      let function = table[index]
      precondition(before.map { $0 < function.offset } ?? true, "not in order")
      precondition(function.size > 0, "a function of nothing")
      // A byte that is not UTF-8 becomes a character of four bytes.
      precondition(function.name.utf8.count <= 4 * SymbolLimits.nameLength)
      // Its first byte is its own: of several there it is the one that begins last.
      precondition(table.index(at: function.offset) == index, "a function is not found")
      let last = function.offset.addingReportingOverflow(function.size - 1)
      precondition(!last.overflow, "beyond the end of all files")
      precondition(table.index(at: last.partialValue) != nil, "its last byte is nobody's")
      before = function.offset
    }
    for offset in [0, 1, 1 << 32, UInt64.max] { _ = table.lookup(offset) }
  }
}
