import Glibc
import Testing

@testable import TraceJVM

/// The descriptions of fields in a real machine's library, which is loaded but not started.
@Suite struct MachineFieldsTests {
  private static let isLoaded: Bool = {
    var homes = [getenv("JAVA_HOME").map { String(cString: $0) }].compactMap { $0 }
    for directory in String(cString: getenv("PATH")).split(separator: ":") {
      guard let java = realpath("\(directory)/java", nil) else { continue }
      defer { free(java) }
      let parts = String(cString: java).split(separator: "/").dropLast(2)
      homes.append("/" + parts.joined(separator: "/"))
    }
    return homes.contains { dlopen("\($0)/lib/server/libjvm.so", RTLD_LAZY) != nil }
  }()

  @Test(.enabled(if: isLoaded)) func fieldsOfAMachine() throws {
    let fields = try #require(
      MachineFields(ofTypes: ["Universe", "ContiguousSpace", "G1CollectedHeap", "Nothing"]))
    #expect(try #require(fields.offset("ContiguousSpace", "_top")) % 8 == 0)
    #expect(fields.offset("G1CollectedHeap", "_summary_bytes_used") ?? 0 > 0)
    #expect(fields.address("Universe", "_collectedHeap") != nil)
    // The heap does not exist.
    #expect(
      fields.address("Universe", "_collectedHeap")?.load(as: UnsafeRawPointer?.self) == nil)
    #expect(fields.offset("Universe", "_collectedHeap") == nil)
    #expect(fields.address("ContiguousSpace", "_top") == nil)
    #expect(fields.offset("Nothing", "_top") == nil)
    #expect(fields.offset("MutableSpace", "_top") == nil, "a type that was not asked for")
  }
}
