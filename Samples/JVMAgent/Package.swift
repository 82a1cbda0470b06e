// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

// The JDK's headers come from JAVA_HOME: build with ./build.sh, which passes their path.
let package = Package(
  name: "jvm-agent",
  products: [.library(name: "tracejvm", type: .dynamic, targets: ["TraceJVM"])],
  dependencies: [.package(name: "trace-engine", path: "../..")],
  targets: [
    .systemLibrary(name: "CJVM"),
    .target(
      name: "TraceJVM",
      dependencies: [
        "CJVM",
        .product(name: "TraceEvents", package: "trace-engine"),
        .product(name: "TraceProvider", package: "trace-engine"),
      ],
      swiftSettings: settings),
    .testTarget(
      name: "TraceJVMTests", dependencies: ["CJVM", "TraceJVM"], swiftSettings: settings),
  ]
)
