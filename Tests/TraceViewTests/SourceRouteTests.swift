import Foundation
import Glibc
import TestSupport
import Testing
import TraceView

/// The source of a function: its cost by line, and which files are read for it.
@Suite struct SourceRouteTests {
  private let directory = TemporaryDirectory()

  private func shown(source: String, symbolPath: [String] = []) throws -> ShownTrace {
    let path = directory.path + "/t.etl"
    try ShownTrace.writeSourced(path, source: source)
    var options = ViewOptions(paths: [path])
    options.symbolPath = symbolPath
    return try ShownTrace(path: path, options: options)
  }

  private func json(_ answer: RawAnswer) throws -> [String: Any] {
    #expect(answer.status == 200, "\(answer.text)")
    let value = try JSONSerialization.jsonObject(with: Foundation.Data(answer.body))
    return try #require(value as? [String: Any])
  }

  private func source(_ shown: ShownTrace, _ function: String = "work") throws -> [String: Any] {
    let flame = try json(shown.get("api/flame"))
    let frames = try #require(flame["frames"] as? [[String: Any]])
    let names = frames.compactMap { $0["name"] as? String }
    let name = try #require(names.first { $0.contains("Shop.\(function)") }, "\(names)")
    let encoded = try #require(name.addingPercentEncoding(withAllowedCharacters: .alphanumerics))
    return try json(shown.get("api/source?function=\(encoded)"))
  }

  private func write(_ name: String, _ text: String = Self.text) throws -> String {
    let path = directory.path + "/" + name
    try text.write(toFile: path, atomically: false, encoding: .utf8)
    return path
  }

  private static let text = (1...40).map { "line \($0) <b>&\u{202e}" }.joined(separator: "\n")

  @Test func linesHaveTheirCost() throws {
    let shown = try shown(source: write("work.cs"))
    let found = try source(shown)
    let lines = try #require(found["lines"] as? [[String: Int]])
    #expect(lines.map { $0["line"] } == [10, 12])
    #expect(lines.map { $0["exclusive"] } == [2000, 1000])
    #expect(lines.map { $0["inclusive"] } == [2000, 1000])
    #expect(found["reason"] is NSNull)
    #expect(found["first"] as? Int == 1)
    let text = try #require(found["text"] as? [String])
    #expect(text.count == 24 && text[9].hasPrefix("line 10 <b>&"))
    #expect(found["is_newer"] as? Bool == true)
    let caller = try source(shown, "main")
    let rows = try #require(caller["lines"] as? [[String: Int]])
    #expect(rows.map { $0["line"] } == [3])
    #expect(rows.map { $0["inclusive"] } == [3000] && rows.map { $0["exclusive"] } == [0])
    #expect((caller["reason"] as? String)?.contains("not here") == true)
    #expect((caller["text"] as? [Any])?.isEmpty == true)
    #expect(try shown.get("api/source?function=nothing").status == 404)
    #expect(try shown.get("api/source").status == 400)
  }

  @Test func sourcesAreFoundBelowTheSymbolPath() throws {
    _ = try write("work.cs")
    for name in ["/build/machine/src/work.cs", "work.cs"] {
      let found = try source(shown(source: name, symbolPath: [directory.path]))
      #expect(found["path"] as? String == realPath(directory.path + "/work.cs"), "\(name)")
    }
  }

  private func realPath(_ path: String) -> String {
    URL(filePath: path).resolvingSymlinksInPath().path
  }

  @Test func otherFilesAreNotRead() throws {
    let secret = try write("secret.txt", "secret")
    symlink(secret, directory.path + "/link.cs")
    symlink("/etc/passwd", directory.path + "/passwd.c")
    mkfifo(directory.path + "/pipe.c", 0o600)
    mkdir(directory.path + "/folder.c", 0o700)
    let data = directory.path + "/binary.c"
    try Foundation.Data([65, 0, 66]).write(to: URL(filePath: data))
    for name in [
      secret, "/etc/passwd", "/etc/shadow", "/proc/self/environ", "/proc/self/root/etc/passwd.c",
      directory.path + "/link.cs", directory.path + "/passwd.c", directory.path + "/pipe.c",
      directory.path + "/folder.c", data, "../../etc/passwd", "/dev/zero.c", "/", "", ".c",
      directory.path + "/x/../secret.cs", "a\u{0}.c", String(repeating: "a", count: 5000) + ".c",
    ] {
      let found = try source(shown(source: name, symbolPath: [directory.path]))
      #expect((found["text"] as? [Any])?.isEmpty == true, "\(name)")
      #expect(found["reason"] is String, "\(name)")
      #expect(found["path"] is NSNull, "\(name)")
    }
  }

  @Test func largeAndLongTextsAreBounded() throws {
    let long = String(repeating: "x", count: 1 << 20)
    let found = try source(shown(source: write("long.cs", Self.text + "\n" + long)))
    #expect((found["text"] as? [String])?.allSatisfy { $0.utf8.count < 700 } == true)
    let large = String(repeating: long + "\n", count: 9)
    let none = try source(shown(source: write("large.cs", large)))
    #expect(none["reason"] is String)
  }
}
