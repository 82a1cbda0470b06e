import Testing

@testable import TraceSymbols

@Suite struct VirtualSharedObjectTests {
  @Test func clockGetTimeIsInIt() throws {
    guard let image = VirtualSharedObject.image() else {
      print("this kernel maps no vDSO")
      return
    }
    let (table, warnings) = SymbolTable.read(image)
    #expect(warnings.isEmpty)
    let names = (0..<table.count).map(table.name)
    #expect(names.contains { $0.hasSuffix("clock_gettime") }, "\(names)")
    let loaded = try LoadedImage(path: "[vdso]", expected: image.buildID)
    #expect(loaded.symbols.count == table.count)
  }

  @Test func anotherKernelsIsRefused() {
    let other = BuildID([1, 2, 3, 4])!
    #expect(throws: ImageProblem.self) { try LoadedImage(path: "[vdso]", expected: other) }
  }
}
