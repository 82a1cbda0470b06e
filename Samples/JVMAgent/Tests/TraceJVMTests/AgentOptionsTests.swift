import Testing

@testable import TraceJVM

@Suite struct AgentOptionsTests {
  @Test func defaults() throws {
    let options = try AgentOptions("")
    #expect(!options.methods)
    #expect(options.exceptions == nil)
    #expect(options.owners)
  }

  @Test func values() throws {
    let options = try AgentOptions("methods=1,exceptions=0")
    #expect(options.methods)
    #expect(options.exceptions == false)
    #expect(try AgentOptions("methods").methods)
    #expect(try !AgentOptions("owners=0").owners)
  }

  @Test(arguments: ["colour=1", "methods=2", "methods=", "=1", "="])
  func unknownIsNamed(text: String) {
    #expect { try AgentOptions(text) } throws: { error in
      (error as? AgentOptions.Problem)?.text.contains("'\(text)'") == true
    }
  }
}
