import TraceAnalysis
import TraceEvents
import TraceExport
import TraceFormat

/// How `tracectl stacks` shows what it found.
struct StackLayout {
  /// The formats that `tracectl stacks -format` knows.
  enum Format: String, CaseIterable {
    case text
    case folded
  }

  var format = Format.text
  var showsNames = true
  var showsTree = true
  /// Functions in the table by name.
  var nameLimit = 20
  var sortsByInclusive = false
  /// What has less than this share (of 1) is left out of the tree.
  var threshold = 0.01
  /// Columns of a line; nil for as many as it takes.
  var width: Int?
  /// Show who calls such functions, or what they call, in place of the whole tree.
  var callers: FramePattern?
  var callees: FramePattern?
}

/// The patterns of a command line.
enum PatternOptions {
  /// Lists separated by `;`, given once or several times.
  static func parse<Pattern>(
    _ texts: [String], _ make: (String) throws(FramePatternError) -> Pattern
  ) throws(Failure) -> [Pattern] {
    var patterns: [Pattern] = []
    for text in texts.flatMap({ $0.split(separator: ";") }) {
      let trimmed = text.drop { $0 == " " }
      do {
        patterns.append(try make(String(trimmed)))
      } catch {
        throw Failure(
          .usage, error.description, next: "see 'tracectl stacks -help' for patterns")
      }
    }
    return patterns
  }
}

/// Processes by id or by name: `1234`, `node`, `no*`.
struct ProcessPatterns {
  private let patterns: [String]

  /// Lists separated by commas, given once or several times.
  init(_ texts: [String]) {
    patterns = texts.flatMap { $0.split(separator: ",").map(String.init) }
  }

  var isEmpty: Bool { patterns.isEmpty }

  func admits(_ process: ResolvedProcess) -> Bool {
    patterns.contains { pattern in
      UInt32(pattern) == process.pid || matches(pattern, process.name)
    }
  }
}

extension StackView {
  /// Shows events of these types, by a field if one is named.
  mutating func show(_ schemas: [EventSchema], weight: String?) throws(Failure) {
    let names = Set(schemas.map { "\($0.provider)/\($0.name)" }).sorted()
    let isSamples = names == ["\(SystemSchema.providerName)/\(SampledProfile.schema.name)"]
    eventName = isSamples ? eventName : names.joined(separator: ", ")
    if isSamples, weight == nil { return }
    selection.weightField = weight
    unit = .events
    guard let weight else { return }
    let field = schemas.flatMap(\.fields).first { $0.name == weight }
    guard let field else {
      let names = Set(schemas.flatMap(\.fields).map(\.name)).sorted().joined(separator: ", ")
      throw Failure(.usage, "\(eventName) has no field '\(weight)'", next: "it has \(names)")
    }
    unit = .field(weight, isBytes: field.hint == .bytes)
  }
}
