import Testing

extension EndToEnd {
  @Suite struct LinkTests {
    /// Code that only emits needs the Swift runtime and the C library, nothing more.
    @Test func emittingLinksNeitherFoundationNorLZ4() throws {
      let library = try readBytes(Tools.directory + "/libStormPlugin.so")
      // Names of needed libraries lie in the file as they are.
      for name in ["libFoundation", "liblz4"] {
        let found = library.firstRange(of: Array(name.utf8)) != nil
        #expect(!found, "libStormPlugin.so links \(name)")
      }
      #expect(library.firstRange(of: Array("libswiftCore".utf8)) != nil)
    }
  }
}
