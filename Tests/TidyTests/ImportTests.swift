import RegexBuilder
import Testing

/// The permitted imports between modules, as shown in ARCHITECTURE.md.
@Suite struct ImportTests {
  /// For each directory in Sources, the modules of this package and others that it may import.
  static let rooms: [String: Set<String>] = [
    "CTraceShims": [],
    "CLZ4": [],
    "OSStrings": [],
    "Locks": ["CTraceShims"],
    "TraceEvents": ["OSStrings"],
    "TraceRing": ["CTraceShims", "Locks"],
    "TraceControl": ["CTraceShims", "OSStrings", "TraceEvents"],
    "TraceProvider": ["CTraceShims", "OSStrings", "TraceEvents", "TraceRing", "TraceControl"],
    "CTracePreload": [],
    "CTraceHeap": [],
    "TraceHeap": ["CTraceHeap", "CTracePreload", "TraceEvents", "TraceProvider"],
    "CTraceLock": [],
    "TraceLock": [
      "CTraceLock", "CTracePreload", "CTraceShims", "TraceEvents", "TraceProvider",
    ],
    "TraceFormat": ["CTraceShims", "CLZ4", "OSStrings", "TraceEvents"],
    "TraceKernel": ["OSStrings", "TraceEvents", "TraceFormat"],
    "CDW": [],
    "CLZMA": [],
    "CYAML": [],
    "CZlib": [],
    "CDebuginfod": [],
    "TraceSymbols": ["CDW", "CLZMA", "CDebuginfod", "CTraceShims", "Locks", "OSStrings"],
    "TraceAnalysis": [
      "CYAML", "Locks", "OSStrings", "TraceEvents", "TraceFormat", "TraceSymbols",
    ],
    "TraceSession": [
      "CTraceShims", "Locks", "OSStrings", "TraceEvents", "TraceRing", "TraceControl",
      "TraceFormat", "TraceKernel", "TraceSymbols", "TraceAnalysis", "TraceImport", "Foundation",
    ],
    "TraceExport": [
      "CZlib", "Locks", "OSStrings", "TraceEvents", "TraceFormat", "TraceAnalysis", "Foundation",
    ],
    "TraceImport": [
      "CZlib", "OSStrings", "TraceEvents", "TraceFormat", "TraceKernel", "TraceSymbols",
    ],
    "CViewAssets": [],
    "TraceView": [
      "CViewAssets", "Locks", "OSStrings", "TraceEvents", "TraceFormat", "TraceSymbols",
      "TraceAnalysis", "TraceExport", "NIOCore", "NIOPosix", "NIOHTTP1",
    ],
    "TracePprof": [
      "CTraceShims", "Locks", "OSStrings", "TraceEvents", "TraceFormat", "TraceKernel",
      "TraceSymbols", "TraceAnalysis", "TraceProvider", "TraceSession", "TraceExport", "NIOCore",
      "NIOPosix", "NIOHTTP1",
    ],
    "tracectl": [
      "CTraceShims", "OSStrings", "TraceEvents", "TraceControl", "TraceFormat", "TraceSymbols",
      "TraceAnalysis", "TraceSession", "TraceExport", "TraceImport", "TraceView", "ArgumentParser",
      "Foundation",
    ],
  ]

  /// The standard library's and the C library's modules, which all may import.
  static let platform: Set<String> = ["Swift", "Synchronization", "Glibc", "Musl", "Dispatch"]

  /// The directories whose functions depend only on their arguments and make no system calls.
  static let pureRooms: Set<String> = ["TraceKernel"]

  static func imports(in text: String) -> [String] {
    let pattern = Regex {
      /^\s*(?:@\w+(?:\([^)]*\))?\s+)*/
      /(?:(?:public|package|internal|private|fileprivate)\s+)?import\s+/
      /(?:(?:struct|class|enum|protocol|func|var|let|typealias)\s+)?/
      Capture(/\w+/)
    }
    return SourceText(text).lines.filter { $0.has(anyOf: ["import"]) }.compactMap { line in
      line.firstMatch(of: pattern).map { String($0.output.1) }
    }
  }

  @Test func roomsImportOnlyWhatTheyMay() {
    for file in Repository.files(in: ["Sources"], ending: [".swift"]) {
      let room = String(file.path.split(separator: "/")[1])
      guard let allowed = Self.rooms[room] else {
        Issue.record("\(file): the module '\(room)' is not in the table of permitted imports")
        continue
      }
      let platform = Self.pureRooms.contains(room) ? ["Swift"] : Self.platform
      for module in Self.imports(in: file.text)
      where !allowed.contains(module) && !platform.contains(module) {
        Issue.record("\(file) imports \(module), which \(room) may not import")
      }
    }
  }

  /// `Locks/Lock.swift` gives the reason.
  @Test func locksAreOfAKindThatTheThreadSanitizerUnderstands() {
    func hasMutex(_ text: String) -> Bool {
      text.has(anyOf: ["Mutex"])
        && SourceText(text).lines.contains { $0.firstMatch(of: /\bMutex\s*[<(]/) != nil }
    }
    for file in Repository.files(in: ["Sources", "Tests"], ending: [".swift"])
    where hasMutex(file.text) {
      Issue.record("\(file) uses Synchronization.Mutex: use Lock")
    }
    #expect(hasMutex("let state = Mutex(State())"))
    #expect(!hasMutex("/// Not a `Mutex(State())`.\npthread_mutex_lock(mutex)"))
  }

  @Test func importsAreFound() {
    let source = """
      @preconcurrency public import Foundation
      import struct Glibc.timespec
      // import Nothing
      internal import TraceRing
      """
    #expect(Self.imports(in: source) == ["Foundation", "Glibc", "TraceRing"])
  }
}
