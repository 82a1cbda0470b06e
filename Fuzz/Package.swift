// swift-tools-version: 6.2
import PackageDescription

/// The parsers of symbols and stacks, each with a probe in TraceSymbols.
let symbolTargets: [Target] = ["FuzzJitdump", "FuzzPerfmap", "FuzzElf", "FuzzUnwind"].map {
  .executableTarget(
    name: $0,
    dependencies: ["CFuzzer", .product(name: "TraceSymbols", package: "trace-engine")],
    swiftSettings: [.swiftLanguageMode(.v6)])
}

/// The session's control plane and its drain, with probes in TraceSession.
let sessionTargets: [Target] = ["FuzzControl", "FuzzBudgets", "FuzzRing", "FuzzDiagnostics"].map {
  .executableTarget(
    name: $0,
    dependencies: ["CFuzzer", .product(name: "TraceSession", package: "trace-engine")],
    swiftSettings: [.swiftLanguageMode(.v6)])
}

/// The importers, with a probe in TraceImport.
let importTarget: Target = .executableTarget(
  name: "FuzzImport",
  dependencies: ["CFuzzer", .product(name: "TraceImport", package: "trace-engine")],
  swiftSettings: [.swiftLanguageMode(.v6)])

/// One executable for each fuzz target, with a corpus in `Corpus/<name>`. `Scripts/fuzz <name>
/// <seconds>` builds and runs one: it adds the flags for libFuzzer, so `swift build` alone does not
/// link.
let package = Package(
  name: "trace-engine-fuzz",
  dependencies: [.package(name: "trace-engine", path: "..")],
  targets: [
    .target(name: "CFuzzer"),
    .executableTarget(
      name: "FuzzFile",
      dependencies: [
        "CFuzzer",
        .product(name: "TraceEvents", package: "trace-engine"),
        .product(name: "TraceFormat", package: "trace-engine"),
      ],
      swiftSettings: [.swiftLanguageMode(.v6)]),
  ] + sessionTargets + symbolTargets + [importTarget]
)
