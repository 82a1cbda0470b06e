import TestSupport
import Testing

extension EndToEnd {
  /// A perf map that an ended process or program left does not name the code of the next one.
  @Suite(.needs(.kernelSamples, .program("gcc"), .x86))
  struct LeftMapTests {
    /// Every process has the number 1 in a pid namespace of its own, and begins within
    /// milliseconds of the last one's end.
    @Test(.needs(.namespaces)) func aNumberThatIsUsedAgainNamesNothing() throws {
      let program = try AnnouncingProgram()
      let inside = "\(EndToEnd.unshare) \"$program\""
      let found = try program.collect(
        "\(inside) add=first until=first; \(inside) spin spin;"
          // Written anew, with the same size.
          + "\(inside) new=third until=third; \(inside) spin spin",
        waitingFor: ["first", "third"])
      #expect(found.map(\.all) == [["first"], ["-"], ["third"], ["-"]])
    }

    @Test func aProgramDoesNotNameTheNextOneOfItsProcess() throws {
      let program = try AnnouncingProgram()
      let found = try program.collect(
        "$program add=first until=first exec spin spin add=second until=second spin"
          + " exec new=third spin spin", waitingFor: ["first", "second"])
      try #require(found.count == 3)
      #expect(found[0].all == ["first"])
      #expect(found[1].all.isSubset(of: ["-", "second"]))
      #expect(found[1].last(nanoseconds: 50_000_000) == ["second"])
      #expect(found[2].all == ["third"])
    }
  }
}
