import Foundation
import TestSupport
import Testing

@testable import TraceSymbols

/// Names of stripped Go programs, compared with nm's for the same program before stripping.
@Suite(.needs(.program("go"))) struct GoFunctionsTests {
  static let source = """
    package main
    import "fmt"
    type shape interface{ area() int }
    type square struct{ side int }
    //go:noinline
    func (s square) area() int { return s.side * s.side }
    //go:noinline
    func apply[T any](x T, f func(T) int) int { return f(x) }
    func main() {
      var s shape = square{3}
      fmt.Println(apply(s, func(s shape) int { return s.area() }))
    }
    """

  @Test(arguments: [["-buildmode=exe"], ["-buildmode=pie"]])
  func strippedNamesAreThoseOfTheWholeProgram(_ mode: [String]) throws {
    let directory = NSTemporaryDirectory() + "trace-go-\(UUID().uuidString)"
    try FileManager.default.createDirectory(
      atPath: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let (source, whole, bare) = (directory + "/w.go", directory + "/whole", directory + "/bare")
    try Self.source.write(toFile: source, atomically: true, encoding: .utf8)
    _ = try #require(Tool.output("go", ["build"] + mode + ["-o", whole, source]))
    _ = try #require(Tool.output("strip", "-o", bare, whole))
    let list = try #require(Tool.output("nm", whole))
    let file = try ELFFile(path: bare)
    let (table, warnings) = SymbolTable.read(file)
    #expect(warnings.isEmpty, "\(warnings)")
    let addressing = FileAddressing(file)
    var seen = 0
    for line in list.split(separator: "\n") {
      let parts = line.split(separator: " ", maxSplits: 2)
      guard parts.count == 3, parts[1].lowercased() == "t",
        parts[2].hasPrefix("main.") || parts[2].hasPrefix("runtime.g"),
        let address = UInt64(parts[0], radix: 16),
        let offset = addressing.fileOffset(ofCode: address)
      else { continue }
      let name = parts[2].replacingOccurrences(of: ".abi0", with: "")
      // The start and the end of the code have separate symbols. The table leaves out type
      // arguments of generic functions.
      if name.contains("[") { continue }
      if name.hasSuffix("etext") || name.hasSuffix("runtime.text") { continue }
      seen += 1
      #expect(table.lookup(offset)?.name == name, "\(line)")
    }
    #expect(seen > 50)
  }

  @Test func aDamagedTableIsRefusedOrBounded() throws {
    let words = ELFWords(is64Bit: true, isBigEndian: false)
    for magic in [0xf0, 0xf1, 0xfa, 0xfb] as [UInt8] {
      for fill in [0, 1, 0x7f, 0xff] as [UInt8] {
        var bytes = [magic, 0xff, 0xff, 0xff, 0, 0, 1, 8] + [UInt8](repeating: fill, count: 400)
        for length in stride(from: 0, through: bytes.count, by: 7) {
          let table = GoFunctionTable(Array(bytes[..<length]), words: words, textAddress: 0x1000)
          guard let table else { continue }
          for index in 0..<min(table.count, 64) { _ = table[index] }
        }
        // Few functions, with arbitrary record offsets.
        bytes[8..<16] = [3, 0, 0, 0, 0, 0, 0, 0]
        if let table = GoFunctionTable(bytes, words: words, textAddress: 0x1000) {
          for index in 0..<table.count { _ = table[index] }
        }
      }
    }
  }
}
