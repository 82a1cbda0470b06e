import Testing

@testable import TraceJVM

@Suite struct CodeTableTests {
  @Test func tellsOnce() {
    let table = CodeTable()
    #expect(table.insert(address: 16, methodID: 1, size: 8, forEveryone: false).novelty == .new)
    #expect(
      table.insert(address: 16, methodID: 1, size: 8, forEveryone: true).novelty == .rundownOnly)
    #expect(table.insert(address: 16, methodID: 1, size: 8, forEveryone: true).novelty == .told)
  }

  @Test func anotherMethodAtTheAddressIsNew() {
    let table = CodeTable()
    _ = table.insert(address: 16, methodID: 1, size: 8, forEveryone: true)
    #expect(table.insert(address: 16, methodID: 2, size: 8, forEveryone: true).novelty == .new)
    #expect(table.remove(address: 16, methodID: 1) == nil)
    #expect(table.remove(address: 16, methodID: 2)?.size == 8)
    #expect(table.remove(address: 16, methodID: 2) == nil)
  }

  @Test func versionsCountCompilationsOfOneMethod() {
    let table = CodeTable()
    let versions = [(16, 1), (32, 1), (48, 2), (16, 1)].map { (address, method) in
      table.insert(
        address: UInt64(address), methodID: UInt64(method), size: 8, forEveryone: true
      ).entry.version
    }
    #expect(versions == [0, 1, 0, 0])
    _ = table.remove(address: 16, methodID: 1)
    #expect(
      table.insert(address: 16, methodID: 1, size: 8, forEveryone: true).entry.version == 2)
    table.removeAll()
    #expect(
      table.insert(address: 16, methodID: 1, size: 8, forEveryone: true).entry.version == 0)
  }
}
