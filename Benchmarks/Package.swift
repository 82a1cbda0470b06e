// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

// The Swift programs of the benchmarks; Scripts/bench builds them and creates the table.
let package = Package(
  name: "trace-engine-benchmarks",
  dependencies: [.package(name: "trace-engine", path: "..")],
  targets: [
    .executableTarget(
      name: "replay-bench",
      dependencies: [
        .product(name: "TraceEvents", package: "trace-engine"),
        .product(name: "TraceFormat", package: "trace-engine"),
      ],
      swiftSettings: settings),
    .executableTarget(
      name: "report-bench",
      dependencies: [
        .product(name: "TraceEvents", package: "trace-engine"),
        .product(name: "TraceFormat", package: "trace-engine"),
      ],
      swiftSettings: settings),
    .executableTarget(
      name: "view-trace",
      dependencies: [
        .product(name: "TraceEvents", package: "trace-engine"),
        .product(name: "TraceFormat", package: "trace-engine"),
      ],
      swiftSettings: settings),
    .executableTarget(
      name: "symbol-bench",
      dependencies: [
        .product(name: "TraceAnalysis", package: "trace-engine"),
        .product(name: "TraceEvents", package: "trace-engine"),
        .product(name: "TraceFormat", package: "trace-engine"),
      ],
      swiftSettings: settings),
  ]
)
