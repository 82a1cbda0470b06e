import RegexBuilder
import Testing

/// The permitted imports between modules, as shown in ARCHITECTURE.md.
@Suite struct ImportTests {
  /// For each directory in Sources, the modules of this package and others that it may import.
  static let rooms: [String: Set<String>] = [
    "CTraceShims": [],
    "CLZ4": [],
    "OSStrings": [],
    "TraceEvents": ["OSStrings"],
    "TraceRing": ["CTraceShims"],
    "TraceControl": ["CTraceShims", "OSStrings", "TraceEvents"],
    "TraceProvider": ["CTraceShims", "OSStrings", "TraceEvents", "TraceRing", "TraceControl"],
    "TraceFormat": ["CTraceShims", "CLZ4", "OSStrings", "TraceEvents"],
    "TraceKernel": ["OSStrings", "TraceEvents", "TraceFormat"],
    "CDW": [],
    "CLZMA": [],
    "CDebuginfod": [],
    "TraceSymbols": ["CDW", "CLZMA", "CDebuginfod", "CTraceShims", "OSStrings"],
    "TraceAnalysis": ["OSStrings", "TraceEvents", "TraceFormat", "TraceSymbols"],
    "TraceSession": [
      "CTraceShims", "OSStrings", "TraceEvents", "TraceRing", "TraceControl", "TraceFormat",
      "TraceKernel", "TraceSymbols", "TraceAnalysis", "Foundation",
    ],
    "TraceExport": ["OSStrings", "TraceEvents", "TraceFormat", "TraceAnalysis", "Foundation"],
    "tracectl": [
      "CTraceShims", "OSStrings", "TraceEvents", "TraceControl", "TraceFormat", "TraceSymbols",
      "TraceAnalysis", "TraceSession", "TraceExport", "ArgumentParser", "Foundation",
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
