import Foundation
import TestSupport
import Testing

@testable import TraceSymbols

/// User-specified directories of debug files: gdb's layout, with and without `.build-id`, and files
/// by name. A file is used only for the build that it belongs to.
@Suite(.needs(.program("objcopy")))
struct SymbolDirectoryTests {
  private let directory = NSTemporaryDirectory() + "trace-symdir-\(UUID().uuidString)"
  private let image: String
  private let debug: String
  private let id: BuildID

  init() throws {
    try FileManager.default.createDirectory(
      atPath: directory + "/made", withIntermediateDirectories: true)
    (image, debug) = (directory + "/made/program", directory + "/made/other-name")
    let source = TemporaryFile(
      "int hidden_one(int n) { return n * 3; }\nint main(void) { return 0; }\n")
    _ = try #require(
      Tool.output("gcc", "-x", "c", "-g", "-O0", "-Wl,--build-id", source.path, "-o", image))
    _ = try #require(Tool.output("objcopy", "--only-keep-debug", image, debug))
    _ = try #require(Tool.output("strip", image))
    id = try #require(BuildID.ofFile(at: image))
  }

  private func names(_ path: String, in directories: [String]) -> Bool {
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let files = DebugFiles(symbolDirectories: directories)
    guard let loaded = try? LoadedImage(path: path, expected: id, files: files) else {
      return false
    }
    let table = loaded.symbols
    return (0..<table.count).contains { table.name(of: $0) == "hidden_one" }
  }

  private func put(_ file: String, at place: String) throws -> String {
    let path = directory + "/symbols/" + place
    try FileManager.default.createDirectory(
      atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    try FileManager.default.copyItem(atPath: file, toPath: path)
    return directory + "/symbols"
  }

  @Test(arguments: [
    ".build-id/AB/REST.debug", "AB/REST.debug", "ALL/debuginfo", "ALL.debug", "program.debug",
    "program",
  ])
  func aDebugFileIsFound(_ form: String) throws {
    let digits = id.description
    let place = form.replacingOccurrences(of: "AB", with: digits.prefix(2))
      .replacingOccurrences(of: "REST", with: digits.dropFirst(2))
      .replacingOccurrences(of: "ALL", with: digits)
    #expect(names(image, in: [try put(debug, at: place)]))
  }

  @Test func anotherBuildsIsNot() throws {
    let source = TemporaryFile("int hidden_one(void) { return 7; }\nint main(void) { return 1; }\n")
    let other = directory + "/made/other"
    _ = try #require(
      Tool.output("gcc", "-x", "c", "-g", "-Wl,--build-id", source.path, "-o", other))
    let digits = id.description
    _ = try put(other, at: ".build-id/\(digits.prefix(2))/\(digits.dropFirst(2)).debug")
    #expect(!names(image, in: [try put(other, at: "program.debug")]))
  }

  /// The image itself is found if this machine has another build of it, or none.
  @Test(arguments: [".build-id/AB/REST", "ALL", "program"])
  func anImageIsFound(_ form: String) throws {
    let digits = id.description
    let place = form.replacingOccurrences(of: "AB", with: digits.prefix(2))
      .replacingOccurrences(of: "REST", with: digits.dropFirst(2))
      .replacingOccurrences(of: "ALL", with: digits)
    _ = try put(image, at: place)
    let root = try put(debug, at: "\(digits.prefix(2))/\(digits.dropFirst(2)).debug")
    #expect(names("/no/such/program", in: [root]))
  }
}
