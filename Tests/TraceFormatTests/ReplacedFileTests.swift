import Foundation
import TestSupport
import Testing
import TraceFormat

/// Output files that appear under their name only when they are complete.
@Suite(.randomized) struct ReplacedFileTests {
  private let directory = TemporaryDirectory()

  private var names: [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: directory.path))?.sorted() ?? []
  }

  private func text(_ name: String) -> String? {
    try? String(contentsOfFile: directory.path + "/" + name, encoding: .utf8)
  }

  private func put(_ text: String, _ name: String, mode: Int = 0o644) throws {
    let path = directory.path + "/" + name
    try text.write(toFile: path, atomically: false, encoding: .utf8)
    #expect(chmod(path, mode_t(mode)) == 0)
  }

  private func write(_ text: String, to file: ReplacedFile) {
    #expect(text.withCString { Glibc.write(file.descriptor, $0, strlen($0)) } == text.utf8.count)
  }

  @Test(arguments: [true, false]) func nothingIsSeenBeforeTheEnd(isNameless: Bool) throws {
    let path = directory.path + "/new"
    let file = try ReplacedFile(path, mode: 0o640, isNameless: isNameless)
    write("whole", to: file)
    #expect(names.filter { !$0.hasPrefix(".tracectl-") } == [])
    try file.commit()
    #expect(names == ["new"] && text("new") == "whole")
    #expect(
      try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        == 0o640)
  }

  @Test(arguments: [true, false]) func aFormerFileStaysUntilTheEnd(isNameless: Bool) throws {
    try put("former", "out", mode: 0o600)
    do {
      let file = try ReplacedFile(directory.path + "/out", isNameless: isNameless)
      write("half", to: file)
      #expect(text("out") == "former")
    }
    // It was released without an end.
    #expect(names == ["out"] && text("out") == "former")
    let file = try ReplacedFile(directory.path + "/out", mode: 0o644, isNameless: isNameless)
    write("whole", to: file)
    try file.commit()
    #expect(names == ["out"] && text("out") == "whole")
    let attributes = try FileManager.default.attributesOfItem(atPath: directory.path + "/out")
    #expect(attributes[.posixPermissions] as? Int == 0o600)
  }

  @Test func aLinkStays() throws {
    try put("former", "target")
    let link = directory.path + "/link"
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "target")
    let file = try ReplacedFile(link)
    write("whole", to: file)
    try file.commit()
    #expect(names == ["link", "target"] && text("target") == "whole")
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == "target")
  }

  @Test func devicesAreWrittenInPlace() throws {
    let file = try ReplacedFile("/dev/null")
    write("whole", to: file)
    try file.commit()
    #expect(throws: FormatError.self) { try ReplacedFile(directory.path) }
    #expect(throws: FormatError.self) { try ReplacedFile(directory.path + "/none/file") }
  }
}
