import Testing

@testable import TraceJVM

@Suite struct BuildIDTests {
  private static func note(name: String, type: UInt32, content: [UInt8]) -> [UInt8] {
    let words = [UInt32(name.utf8.count), UInt32(content.count), type]
    var bytes = words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) }
    }
    for part in [Array(name.utf8), content] {
      bytes += part
      while bytes.count % 4 != 0 { bytes.append(0) }
    }
    return bytes
  }

  @Test func findsItAmongOthers() {
    let notes =
      Self.note(name: "Linux\0", type: 3, content: [9])
      + Self.note(
        name: "GNU\0", type: 1, content: [1, 2, 3, 4])
      + Self.note(name: "GNU\0", type: 3, content: [0xAB, 0xCD, 0xEF])
    #expect(notes.withUnsafeBytes { BuildID.find(in: $0) } == [0xAB, 0xCD, 0xEF])
  }

  @Test func everyCutEndsQuietly() {
    let notes = Self.note(name: "GNU\0", type: 3, content: [0xAB, 0xCD, 0xEF, 0x01])
    for end in 0..<notes.count {
      #expect(notes[..<end].withUnsafeBytes { BuildID.find(in: $0) } == nil)
    }
  }
}
