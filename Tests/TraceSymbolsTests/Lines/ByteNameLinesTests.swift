import Foundation
import OSStrings
import TestSupport
import Testing

@testable import TraceSymbols

/// Names of functions and of source files in debug information need not be UTF-8.
@Suite(.needs(.program("g++"), .program("addr2line"))) struct ByteNameLinesTests {
  @Test func debugInformationKeepsItsBytes() throws {
    let program = try #require(CompiledProgram())
    // "squ\xffre", in the file "dem\xfe.cc"; replaced in the binary, because compilers accept only
    // UTF-8 names.
    try program.replace("square", with: Array("squ".utf8) + [0xff] + Array("re".utf8))
    try program.replace("demo.cc", with: Array("dem".utf8) + [0xfe] + Array(".cc".utf8))
    let lines = try #require(ImageLines(path: program.path, expected: nil))
    let total = try program.offsets(of: "_Z5totalRKSt6vectorIlSaIlEE")
    let found = total.compactMap { lines.frames(atFileOffset: $0) }
      .first { $0.inlined.last?.name.contains("squ") == true }
    let frames = try #require(found)
    let name = try #require(frames.inlined.last?.name)
    #expect(name.osBytes.contains(0xff) && name.osBytes.count == name.utf8.count - 3)
    // The length in the mangled name "_ZL6squ\xffrel" counts bytes.
    #expect(
      Demangler.displayName(name).display.osBytes.starts(
        with: Array("squ".utf8) + [0xff] + Array("re".utf8)))
    #expect(frames.line?.file.osBytes.suffix(7) == Array("dem".utf8) + [0xfe] + Array(".cc".utf8))
  }

  @Test func symbolsKeepTheirBytes() throws {
    let program = try #require(
      CompiledProgram(
        #"""
        void hot() __asm__("hot_\377\303_");
        void hot() {}
        extern "C" void shared_\#u{00e9}() {}
        int main() { hot(); }
        """#))
    let (table, _) = SymbolTable.read(try ELFFile(path: program.path))
    let names = (0..<table.count).map { table.name(of: $0) }
    #expect(names.map(\.osBytes).contains(Array("hot_".utf8) + [0xff, 0xc3, 0x5f]))
    #expect(names.contains("shared_\u{e9}"))
  }

  @Test func demanglersSeeTheBytes() {
    #expect(
      Demangler.displayName("_Z4f\u{10ffff}\u{10fffe}gv").display == "f\u{10ffff}\u{10fffe}g()")
    let swift = Demangler.displayName("$s4main3f\u{10ffff}gyyF").display
    #expect(swift.osBytes.contains(0xff), "\(swift)")
  }
}

extension CompiledProgram {
  /// Replaces all occurrences of a text in the file with another one of the same length.
  fileprivate func replace(_ old: String, with new: [UInt8]) throws {
    let url = URL(fileURLWithPath: path)
    var data = try Foundation.Data(contentsOf: url)
    precondition(old.utf8.count == new.count)
    var start = data.startIndex
    while let range = data.range(of: Foundation.Data(old.utf8), in: start..<data.endIndex) {
      data.replaceSubrange(range, with: new)
      start = range.upperBound
    }
    try data.write(to: url)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
  }
}
