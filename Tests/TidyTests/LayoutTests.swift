import Testing

/// Every file belongs to a target, and tests are in the expected directories.
@Suite struct LayoutTests {
  /// Suites that test more than one directory of Sources.
  static let crossCutting: Set<String> = [
    "ArchitectureTests", "ConformanceTests", "EndToEndTests", "TidyTests", "TestSupport",
  ]

  static let manifest = Repository.files.first { $0.path == "Package.swift" }?.text ?? ""

  @Test func everyDirectoryIsATarget() {
    for file in Repository.codeFiles {
      let parts = file.path.split(separator: "/")
      guard parts.count > 2, ["Sources", "Tests", "Samples"].contains(parts[0]) else { continue }
      let isOwnPackage = Repository.files.contains {
        $0.path == "\(parts[0])/\(parts[1])/Package.swift"
      }
      let isNamed =
        parts[0] == "Samples"
        ? Self.manifest.contains("path: \"\(parts[0])/\(parts[1])\"")
        : Self.manifest.contains("name: \"\(parts[1])\"")
      #expect(isOwnPackage || isNamed, "\(file) belongs to no target")
    }
  }

  @Test func noStrayCode() {
    let homes = ["Sources/", "Tests/", "Samples/", "Benchmarks/", "Fuzz/"]
    for file in Repository.codeFiles where file.path != "Package.swift" {
      #expect(homes.contains { file.path.hasPrefix($0) }, "\(file) is in no code directory")
    }
  }

  @Test func testsMirrorSources() {
    let rooms = Set(
      Repository.files(in: ["Sources", "Samples"], ending: [".swift"]).map {
        $0.path.split(separator: "/")[1].lowercased()
      })
    for file in Repository.files(in: ["Tests"], ending: [".swift"]) {
      let suite = String(file.path.split(separator: "/")[1])
      guard !Self.crossCutting.contains(suite) else { continue }
      let room = suite.hasSuffix("Tests") ? String(suite.dropLast(5)).lowercased() : suite
      #expect(rooms.contains(room), "\(file) tests a module that does not exist: '\(room)'")
    }
  }

  @Test func fileNamesOfTestsSayWhatTheyTest() {
    for file in Repository.files(in: ["Tests"], ending: [".swift"])
    where file.text.contains("\n@Suite") || file.text.contains("@Test(")
      || file.text.contains("@Test func")
    {
      #expect(file.name.hasSuffix("Tests.swift"), "\(file) has tests: call it …Tests.swift")
    }
  }

  @Test func scriptsAreStrict() {
    for file in Repository.files(in: ["Scripts", ".ci"], ending: [""])
    where file.text.hasPrefix("#!/usr/bin/env bash") {
      #expect(file.text.contains("set -euo pipefail"), "\(file) is not in bash's strict mode")
    }
  }
}
