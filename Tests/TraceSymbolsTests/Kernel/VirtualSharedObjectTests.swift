import TestSupport
import Testing

@testable import TraceSymbols

@Suite struct VirtualSharedObjectTests {
  private static let mappedObject = Requirement("a kernel with a vDSO") {
    WholeFile.text("/proc/self/maps").contains("[vdso]")
  }

  @Test(.needs(mappedObject)) func clockGetTimeIsInIt() throws {
    let image = try #require(VirtualSharedObject.image())
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
