import Testing

@testable import tracectl

@Suite struct NoticeDigestTests {
  private func notice(_ user: UInt32, _ process: Int, _ text: String) -> NoticeDigest.Notice {
    NoticeDigest.Notice(user: user, subject: "p (\(process)): ", text: text)
  }

  @Test func alikeSentencesAreCounted() {
    let notices = (1...17_315).map { notice(1, $0, "it wrote \($0) wrong records") }
    #expect(
      NoticeDigest(notices).lines == [
        "p (1): it wrote 1 wrong records", "p (2): it wrote 2 wrong records",
        "p (3): it wrote 3 wrong records", "and 17,312 more like it",
      ])
    #expect(NoticeDigest(notices.prefix(3)).lines.count == 3)
  }

  @Test func thereAreOnlySoManyLines() {
    let word = { (number: Int) in String(repeating: "x", count: number) }
    var notices = (1...5000).map { notice(1, 1, "vandal \(word($0))") }
    notices.append(notice(2, 2, "it refuses to be traced"))
    let lines = NoticeDigest(notices).lines
    #expect(lines.count <= NoticeDigest.linesMax)
    #expect(lines.contains("p (2): it refuses to be traced"), "no other process is left out")
    let shown = lines.count - 1
    #expect(lines.last == "and \(NoticeDigestTests.grouped(5001 - shown)) more of other kinds")
  }

  private static func grouped(_ number: Int) -> String {
    "\(number / 1000)," + String(String(1000 + number % 1000).dropFirst())
  }
}
