// swift-tools-version: 6.2
import Glibc
import PackageDescription

/// One settings array for every Swift target.
let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

/// Version of this machine's C library, for example [2, 36].
let libraryVersion: [Int] = {
  var text = [CChar](repeating: 0, count: 64)
  guard confstr(Int32(_CS_GNU_LIBC_VERSION), &text, text.count) > 0 else { return [] }
  let name = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
  return String(decoding: name, as: UTF8.self).drop { !$0.isNumber }.split(separator: ".")
    .map { Int($0) ?? 0 }
}()

/// Packs the addresses that are set when a program starts. The C library reads them from version
/// 2.36 on.
let packed =
  libraryVersion.lexicographicallyPrecedes([2, 36])
  ? [] : ["-Xlinker", "-z", "-Xlinker", "pack-relative-relocs"]

/// Links Swift's libraries into a released tool: it starts faster. The static libraries of
/// Foundation do not name two of their own. Swift would export each symbol of such a program, at
/// 2 MB a process.
let oneFile = LinkerSetting.unsafeFlags(
  [
    "-static-stdlib", "-use-ld=lld", "-l_FoundationCollections", "-l_FoundationCShims",
    "-Xlinker", "--no-export-dynamic",
  ] + packed,
  .when(configuration: .release))

/// A library that is loaded into any program: it has a Swift runtime of its own, which is hidden,
/// and stays loaded.
func preloaded(_ target: String) -> LinkerSetting {
  .unsafeFlags([
    "-static-stdlib", "-use-ld=lld", "-Xlinker",
    "--version-script=\(Context.packageDirectory)/Sources/\(target)/exports.map", "-Xlinker", "-z",
    "-Xlinker", "nodelete",
  ])
}

/// Functions in place of the C library's have no frame of their own, unless they record a stack:
/// they ask for its address then.
let hooks: [CSetting] = [.unsafeFlags(["-fomit-frame-pointer"])]

let package = Package(
  name: "trace-engine",
  products: [
    .library(name: "OSStrings", targets: ["OSStrings"]),
    .library(name: "TraceEvents", targets: ["TraceEvents"]),
    .library(name: "TraceProvider", targets: ["TraceProvider"]),
    .library(name: "TraceFormat", targets: ["TraceFormat"]),
    .library(name: "TraceKernel", targets: ["TraceKernel"]),
    .library(name: "TraceSymbols", targets: ["TraceSymbols"]),
    .library(name: "TraceAnalysis", targets: ["TraceAnalysis"]),
    .library(name: "TraceExport", targets: ["TraceExport"]),
    .library(name: "TraceImport", targets: ["TraceImport"]),
    .library(name: "TracePprof", targets: ["TracePprof"]),
    .library(name: "TraceSession", targets: ["TraceSession"]),
    .executable(name: "tracectl", targets: ["tracectl"]),
    .executable(name: "event-storm", targets: ["event-storm"]),
    .library(name: "StormPlugin", type: .dynamic, targets: ["StormPlugin"]),
    .library(name: "traceheap", type: .dynamic, targets: ["TraceHeap"]),
    .library(name: "tracelock", type: .dynamic, targets: ["TraceLock"]),
    .executable(name: "tiny-runtime", targets: ["tiny-runtime"]),
    .executable(name: "minivm", targets: ["minivm"]),
    .executable(name: "minishop", targets: ["minishop"]),
    .executable(name: "pprof-server", targets: ["pprof-server"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
  ],
  // In pipeline order: event definitions, the ring, the app's side, the file, the kernel's records,
  // names for addresses, the session's side.
  targets: [
    .target(name: "CTraceShims"),
    .systemLibrary(name: "CLZ4", pkgConfig: "liblz4", providers: [.apt(["liblz4-dev"])]),
    .target(name: "OSStrings"),
    .target(name: "Locks", dependencies: ["CTraceShims"]),
    .target(name: "TraceEvents", dependencies: ["OSStrings"]),
    .target(name: "TraceRing", dependencies: ["CTraceShims", "Locks"]),
    .target(name: "TraceControl", dependencies: ["CTraceShims", "OSStrings", "TraceEvents"]),
    .target(
      name: "TraceProvider",
      dependencies: ["CTraceShims", "OSStrings", "TraceEvents", "TraceRing", "TraceControl"]),
    .target(name: "CTracePreload", dependencies: ["CTraceShims"]),
    .target(
      name: "CTraceHeap", dependencies: ["CTracePreload", "CTraceShims"], cSettings: hooks),
    .target(
      name: "TraceHeap",
      dependencies: ["CTraceHeap", "CTracePreload", "TraceEvents", "TraceProvider"],
      exclude: ["exports.map"], linkerSettings: [preloaded("TraceHeap")]),
    .target(
      name: "CTraceLock", dependencies: ["CTracePreload", "CTraceShims"], cSettings: hooks),
    .target(
      name: "TraceLock",
      dependencies: [
        "CTraceLock", "CTracePreload", "CTraceShims", "TraceEvents", "TraceProvider",
      ],
      exclude: ["exports.map"], linkerSettings: [preloaded("TraceLock")]),
    .target(
      name: "TraceFormat", dependencies: ["CLZ4", "CTraceShims", "OSStrings", "TraceEvents"]),
    .target(name: "TraceKernel", dependencies: ["OSStrings", "TraceEvents", "TraceFormat"]),
    .systemLibrary(name: "CDW", pkgConfig: "libdw", providers: [.apt(["libdw-dev"])]),
    .systemLibrary(name: "CLZMA", pkgConfig: "liblzma", providers: [.apt(["liblzma-dev"])]),
    .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .target(name: "CDebuginfod", linkerSettings: [.linkedLibrary("dl")]),
    .target(
      name: "TraceSymbols",
      dependencies: ["CDW", "CLZMA", "CDebuginfod", "CTraceShims", "Locks", "OSStrings"]),
    .target(
      name: "TraceAnalysis",
      dependencies: [
        "CYAML", "Locks", "OSStrings", "TraceEvents", "TraceFormat", "TraceSymbols",
      ]),
    .target(
      name: "TraceSession",
      dependencies: [
        "CTraceShims", "Locks", "OSStrings", "TraceEvents", "TraceRing", "TraceControl",
        "TraceFormat", "TraceKernel", "TraceSymbols", "TraceAnalysis", "TraceImport",
      ]),
    .target(
      name: "TraceExport",
      dependencies: [
        "CZlib", "Locks", "OSStrings", "TraceEvents", "TraceFormat", "TraceAnalysis",
      ]),
    .target(name: "CViewAssets", exclude: ["page"]),
    .target(
      name: "TraceView",
      dependencies: [
        "CViewAssets", "Locks", "OSStrings", "TraceEvents", "TraceFormat", "TraceSymbols",
        "TraceAnalysis", "TraceExport",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
      ]),
    .target(
      name: "TracePprof",
      dependencies: [
        "CTraceShims", "Locks", "OSStrings", "TraceEvents", "TraceFormat", "TraceKernel",
        "TraceSymbols", "TraceAnalysis", "TraceProvider", "TraceSession", "TraceExport",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
      ]),
    .target(
      name: "TraceImport",
      dependencies: [
        "CZlib", "OSStrings", "TraceEvents", "TraceFormat", "TraceKernel", "TraceSymbols",
      ]),
    .executableTarget(
      name: "tracectl",
      dependencies: [
        "CTraceShims", "OSStrings", "TraceEvents", "TraceControl", "TraceFormat", "TraceSymbols",
        "TraceAnalysis", "TraceSession", "TraceExport", "TraceImport", "TraceView",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      linkerSettings: [oneFile]),
    .executableTarget(
      name: "event-storm",
      dependencies: [
        "CTraceShims", "TraceEvents", "TraceProvider",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Samples/EventStorm", exclude: ["README.md"]),
    .target(
      name: "StormPlugin", dependencies: ["TraceEvents", "TraceProvider"],
      path: "Samples/StormPlugin"),
    .executableTarget(
      name: "tiny-runtime",
      dependencies: [
        "TraceEvents", "TraceProvider",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Samples/TinyRuntime", exclude: ["README.md"]),
    .executableTarget(
      name: "minivm",
      dependencies: [
        "CTraceShims", "TraceEvents", "TraceProvider",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Samples/MiniVM", exclude: ["README.md", "programs"]),
    .executableTarget(
      name: "minishop",
      dependencies: [
        "TraceEvents", "TraceProvider",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Samples/MiniShop", exclude: ["README.md"]),
    .executableTarget(
      name: "pprof-server", dependencies: ["TraceEvents", "TraceProvider", "TracePprof"],
      path: "Samples/PprofServer", exclude: ["README.md"]),
    .target(
      name: "TestSupport", dependencies: ["TraceEvents", "TraceFormat"], path: "Tests/TestSupport"),
    .testTarget(name: "OSStringsTests", dependencies: ["OSStrings", "TestSupport"]),
    .testTarget(name: "LocksTests", dependencies: ["Locks"]),
    .testTarget(name: "TraceEventsTests", dependencies: ["TraceEvents", "TestSupport"]),
    .testTarget(
      name: "TraceRingTests",
      dependencies: ["CTraceShims", "TraceEvents", "TraceRing", "TestSupport"]),
    .testTarget(
      name: "TraceControlTests",
      dependencies: ["CTraceShims", "TraceControl", "TraceEvents", "TestSupport"]),
    .testTarget(
      name: "TraceExportTests",
      dependencies: [
        "OSStrings", "TraceEvents", "TraceFormat", "TraceAnalysis", "TraceExport", "TestSupport",
      ]),
    .testTarget(
      name: "TraceViewTests",
      dependencies: [
        "Locks", "TraceEvents", "TraceFormat", "TraceAnalysis", "TraceExport", "TraceImport",
        "TraceView", "TestSupport", "tracectl",
      ],
      exclude: ["Browser"]),
    .testTarget(
      name: "TracePprofTests",
      dependencies: [
        "Locks", "TraceAnalysis", "TraceEvents", "TraceFormat", "TracePprof", "TraceSymbols",
        "TestSupport", "pprof-server",
      ]),
    .testTarget(
      name: "TraceImportTests",
      dependencies: [
        "CZlib", "TraceEvents", "TraceFormat", "TraceAnalysis", "TraceImport", "TestSupport",
        "tracectl",
      ],
      exclude: ["Files"]),
    .testTarget(
      name: "TracectlTests",
      dependencies: [
        "TraceEvents", "TraceControl", "TraceFormat", "TraceAnalysis", "TraceSession",
        "TestSupport", "tracectl",
        "event-storm",
      ]),
    .testTarget(
      name: "MiniVMTests", dependencies: ["TraceEvents", "TraceSymbols", "TestSupport", "minivm"]),
    .testTarget(name: "TidyTests"),
    .testTarget(
      name: "TraceSessionTests",
      dependencies: [
        "CTraceShims", "Locks", "OSStrings", "TraceAnalysis", "TraceControl", "TraceEvents",
        "TraceFormat", "TraceKernel", "TraceRing", "TraceSession", "TraceSymbols", "TestSupport",
        "event-storm", "tracectl",
      ]),
    .testTarget(
      name: "TraceProviderTests",
      dependencies: [
        "CTraceShims", "Locks", "TraceEvents", "TraceRing", "TraceProvider", "TestSupport",
      ]),
    .testTarget(
      name: "EndToEndTests",
      dependencies: [
        "OSStrings", "TraceEvents", "TraceFormat", "TraceAnalysis", "TestSupport", "tracectl",
        "event-storm", "minishop", "minivm", "tiny-runtime",
      ],
      exclude: ["DotNet/Program"]),
    .testTarget(
      name: "TraceFormatTests",
      dependencies: ["CLZ4", "CTraceShims", "TraceEvents", "TraceFormat", "TestSupport"]),
    .testTarget(
      name: "TraceKernelTests",
      dependencies: ["TraceEvents", "TraceFormat", "TraceKernel", "TestSupport"]),
    .testTarget(
      name: "TraceSymbolsTests",
      dependencies: ["CDW", "OSStrings", "TraceSymbols", "TestSupport"]),
    .testTarget(
      name: "TraceAnalysisTests",
      dependencies: ["TraceEvents", "TraceFormat", "TraceSymbols", "TraceAnalysis", "TestSupport"]),
    .testTarget(
      name: "ArchitectureTests",
      dependencies: ["TraceEvents", "TraceFormat", "TraceAnalysis", "TraceExport", "TestSupport"]),
    .testTarget(
      name: "ConformanceTests",
      dependencies: ["TraceEvents", "TraceFormat", "TestSupport", "tracectl"],
      exclude: ["Files", "make-files"]),
  ]
)

for target in package.targets where ![.system, .plugin].contains(target.type) {
  target.swiftSettings = settings
}

// Test targets to build, if not all: Scripts/test runs only some suites under a sanitizer.
if let wanted = Context.environment["TRACE_TEST_TARGETS"]?.split(separator: " ").map(String.init) {
  package.targets.removeAll { $0.type == .test && !wanted.contains($0.name) }
}
