// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

// What reads and writes traces.
let files: [Target.Dependency] = [
  .product(name: "TraceEvents", package: "trace-engine"),
  .product(name: "TraceFormat", package: "trace-engine"),
]

// The Swift programs of the benchmarks; Scripts/bench builds them and creates the table.
let package = Package(
  name: "trace-engine-benchmarks",
  dependencies: [.package(name: "trace-engine", path: "..")],
  targets: [
    .target(name: "BenchTraces", dependencies: files, swiftSettings: settings),
    .executableTarget(
      name: "replay-bench",
      dependencies: files,
      swiftSettings: settings),
    .executableTarget(
      name: "report-bench",
      dependencies: files + ["BenchTraces"],
      swiftSettings: settings),
    .executableTarget(
      name: "view-trace",
      dependencies: files + ["BenchTraces"],
      swiftSettings: settings),
    .executableTarget(
      name: "symbol-bench",
      dependencies: files + [.product(name: "TraceAnalysis", package: "trace-engine")],
      swiftSettings: settings),
  ]
)
