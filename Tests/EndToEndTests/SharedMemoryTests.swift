import TestSupport
import Testing

extension EndToEnd {
  /// A process and its child that have one address space.
  @Suite(.needs(.kernelSamples, .program("gcc"), .x86))
  struct SharedMemoryTests {
    @Test func whatTheParentAnnouncesNamesTheChildsCode() throws {
      let found = try AnnouncingProgram().collect(
        "$program add=old until=old child=3 until=new spin spin"
          + " until=shared add=new until=new spin",
        waitingFor: ["old", "shared", "new"])
      try #require(found.count == 2)
      #expect(found.allSatisfy { $0.all.isSubset(of: ["old", "new"]) })
      #expect(found.allSatisfy { $0.last(nanoseconds: 50_000_000) == ["new"] })
    }

    @Test func whatTheChildAnnouncesNamesTheParentsCode() throws {
      let found = try AnnouncingProgram().collect(
        "$program child=5 until=shared add=childs until=childs spin spin"
          + " until=childs spin", waitingFor: ["shared", "childs"])
      try #require(found.count == 2)
      #expect(found.allSatisfy { $0.last(nanoseconds: 50_000_000) == ["childs"] })
    }
  }
}
