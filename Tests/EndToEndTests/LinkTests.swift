import Testing

extension EndToEnd {
  @Suite struct LinkTests {
    /// Code that only emits links only the Swift runtime and the C library.
    @Test func emittingLinksNeitherFoundationNorLZ4() throws {
      let library = try readBytes(Tools.directory + "/libStormPlugin.so")
      // The file contains the names of needed libraries as plain text.
      for name in ["libFoundation", "liblz4"] {
        let found = library.firstRange(of: Array(name.utf8)) != nil
        #expect(!found, "libStormPlugin.so links \(name)")
      }
      #expect(library.firstRange(of: Array("libswiftCore".utf8)) != nil)
    }
  }
}
