import Glibc
import TestSupport
import Testing

@testable import TraceFormat

/// The files that a trace may be written to.
@Suite struct OutputFileTests {
  private let directory = TemporaryDirectory()

  private func shared() throws -> String {
    let path = directory.path + "/shared"
    try #require(mkdir(path, 0o700) == 0 && chmod(path, 0o1777) == 0)
    return path
  }

  private func make(_ path: String, mode: mode_t = 0o644) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, mode)
    try #require(descriptor >= 0 && write(descriptor, "precious", 8) == 8)
    close(descriptor)
  }

  /// The reason of a refusal; nil if the file was opened.
  private func refusal(_ path: String) -> String? {
    do {
      let opened = try OutputFile.open(path)
      close(opened.descriptor)
      return nil
    } catch { return error.description }
  }

  @Test func aNewFileIsItsOwnersAlone() throws {
    for place in [directory.path, try shared()] {
      let opened = try OutputFile.open(place + "/new.etl")
      defer { close(opened.descriptor) }
      var status = stat()
      #expect(fstat(opened.descriptor, &status) == 0 && status.st_mode & 0o777 == 0o600)
      #expect(opened.isNew)
      let again = try OutputFile.open(place + "/new.etl")
      #expect(!again.isNew)
      close(again.descriptor)
    }
  }

  @Test func whatOthersMayHavePlantedIsNotWritten() throws {
    let place = try shared()
    let victim = directory.path + "/victim"
    try make(victim)
    try #require(symlink(victim, place + "/link") == 0)
    try #require(symlink(directory.path + "/absent", place + "/dangling") == 0)
    try #require(mkfifo(place + "/pipe", 0o600) == 0)
    try #require(link(victim, place + "/second") == 0)
    for (name, word) in [
      ("link", "is a symbolic link"), ("dangling", "is a symbolic link"),
      ("pipe", "is not a regular file"), ("second", "has another name"),
    ] {
      #expect(refusal(place + "/" + name)?.contains(word) == true, "\(name)")
      #expect(throws: FormatError.self) { _ = try FileSink(path: place + "/" + name) }
    }
    #expect(WholeFile.text(victim) == "precious")
    #expect(access(directory.path + "/absent", F_OK) != 0)
    // A link in the user's own directory belongs to the user.
    try #require(symlink(victim, directory.path + "/link") == 0)
    #expect(refusal(directory.path + "/link") == nil)
  }

  @Test(.needs(.root)) func aStrangersFileIsNotWritten() throws {
    let place = try shared()
    try make(place + "/theirs")
    try #require(chown(place + "/theirs", 12_345, 12_345) == 0)
    #expect(refusal(place + "/theirs")?.contains("belongs to user 12345") == true)
    // Neither is a link in another user's directory followed.
    let home = directory.path + "/home"
    try #require(mkdir(home, 0o755) == 0)
    try make(home + "/file")
    try #require(chown(home, 12_345, 12_345) == 0 && chown(home + "/file", 12_345, 12_345) == 0)
    #expect(refusal(home + "/file")?.contains("belongs to user 12345") == true)
    #expect(refusal(home + "/new") == nil)
  }
}
