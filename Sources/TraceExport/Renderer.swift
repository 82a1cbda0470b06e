/// Turns a subject, a report or a stream of events, into bytes of one format.
///
/// A renderer gets the subject and a buffer; it opens no file and knows no descriptor. To add a
/// format, write one type and add it to a ``RendererRegistry``.
public protocol Renderer<Subject>: Sendable {
  associatedtype Subject

  var format: OutputFormat { get }

  /// Writes the whole subject.
  ///
  /// - Throws: what reading the subject throws; a failing sink is in ``OutputBuffer/failure``.
  func render(
    _ subject: Subject, _ options: RenderOptions, to output: inout OutputBuffer) throws
}

/// A format's name, and the files that have it.
public struct OutputFormat: Hashable, Sendable {
  /// What `-format` calls it.
  public var name: String
  /// Endings of file names, without the dot.
  public var fileExtensions: [String]
  /// A few words for help texts.
  public var summary: String

  public init(_ name: String, fileExtensions: [String] = [], summary: String = "") {
    self.name = name
    self.fileExtensions = fileExtensions
    self.summary = summary
  }

  static let text = OutputFormat("text", fileExtensions: ["txt", "log"])
  static let json = OutputFormat("json", fileExtensions: ["json"], summary: "one object")
}

/// What the place of the output asks of a renderer.
public struct RenderOptions: Hashable, Sendable {
  /// Columns of a line of text; nil for as many as it takes.
  public var width: Int?

  public init(width: Int? = nil) { self.width = width }
}

/// The renderers that there are, found by what they render and by format.
public struct RendererRegistry: Sendable {
  private var renderers: [any Renderer] = []

  /// A registry without renderers.
  public init() {}

  /// Makes a renderer known. A later one takes the place of an earlier one with the same subject
  /// and format name.
  public mutating func add(_ renderer: some Renderer) { renderers.insert(renderer, at: 0) }

  /// The renderer of `subject` whose format has this name; nil when there is none.
  public func renderer<Subject>(
    of subject: Subject.Type, format name: String
  ) -> (any Renderer<Subject>)? {
    renderers(of: subject).first { $0.format.name == name }
  }

  /// The renderer of `subject` for files that end as `fileName` does; nil when there is none.
  public func renderer<Subject>(
    of subject: Subject.Type, fileName: String
  ) -> (any Renderer<Subject>)? {
    let name = fileName.lowercased()
    return renderers(of: subject).first { renderer in
      renderer.format.fileExtensions.contains { name.hasSuffix("." + $0) }
    }
  }

  /// The formats in which `subject` can be written, in the order in which they were added.
  public func formats<Subject>(of subject: Subject.Type) -> [OutputFormat] {
    var seen: Set<String> = []
    return renderers(of: subject).map(\.format).reversed()
      .filter { seen.insert($0.name).inserted }
  }

  private func renderers<Subject>(of subject: Subject.Type) -> [any Renderer<Subject>] {
    renderers.compactMap { $0 as? any Renderer<Subject> }
  }
}
