/// Renders a subject, which is a report or a stream of events, as bytes of one format.
///
/// A renderer receives the subject and a buffer. It opens no file and uses no descriptor. To add a
/// format, write one type and add it to a ``RendererRegistry``.
public protocol Renderer<Subject>: Sendable {
  associatedtype Subject

  var format: OutputFormat { get }

  /// Writes the whole subject.
  ///
  /// - Throws: errors from reading the subject. A failure of the sink is reported in
  ///   ``OutputBuffer/failure``.
  func render(
    _ subject: Subject, _ options: RenderOptions, to output: inout OutputBuffer) throws
}

/// The name of a format and its file extensions.
public struct OutputFormat: Hashable, Sendable {
  /// Name for the `-format` option.
  public var name: String
  /// File extensions, without the dot.
  public var fileExtensions: [String]
  /// Short description for help texts.
  public var summary: String

  public init(_ name: String, fileExtensions: [String] = [], summary: String = "") {
    self.name = name
    self.fileExtensions = fileExtensions
    self.summary = summary
  }

  static let text = OutputFormat("text", fileExtensions: ["txt", "log"])
  static let json = OutputFormat("json", fileExtensions: ["json"], summary: "one object")
}

/// Requirements of the output's destination.
public struct RenderOptions: Hashable, Sendable {
  /// Maximum columns of a line of text; nil for no limit.
  public var width: Int?

  public init(width: Int? = nil) { self.width = width }
}

/// The available renderers, by subject and format.
public struct RendererRegistry: Sendable {
  /// Each is a ``Registered``, the last one added first.
  private var renderers: [any AnyObject & Sendable] = []

  /// Creates a registry without renderers.
  public init() {}

  /// Adds a renderer. It replaces an earlier renderer with the same subject and format name.
  public mutating func add(_ renderer: some Renderer) { insert(renderer) }

  private mutating func insert<Added: Renderer>(_ renderer: Added) {
    renderers.insert(Registered<Added.Subject>(renderer: renderer), at: 0)
  }

  /// Returns the renderer of `subject` for the format with this name; nil if there is none.
  public func renderer<Subject>(
    of subject: Subject.Type, format name: String
  ) -> (any Renderer<Subject>)? {
    renderers(of: subject).first { $0.format.name == name }
  }

  /// Returns the renderer of `subject` for the extension of `fileName`; nil if there is none.
  public func renderer<Subject>(
    of subject: Subject.Type, fileName: String
  ) -> (any Renderer<Subject>)? {
    let name = fileName.lowercased()
    return renderers(of: subject).first { renderer in
      renderer.format.fileExtensions.contains { name.hasSuffix("." + $0) }
    }
  }

  /// Returns the formats available for `subject`, in the order in which they were added.
  public func formats<Subject>(of subject: Subject.Type) -> [OutputFormat] {
    var seen: Set<String> = []
    return renderers(of: subject).map(\.format).reversed()
      .filter { seen.insert($0.name).inserted }
  }

  private func renderers<Subject>(of subject: Subject.Type) -> [any Renderer<Subject>] {
    renderers.compactMap { ($0 as? Registered<Subject>)?.renderer }
  }

  /// A renderer of a subject. A class is recognized at once, whereas a cast to a protocol searches
  /// the whole program: a millisecond in total when a command starts.
  private final class Registered<Subject>: Sendable {
    let renderer: any Renderer<Subject>

    init(renderer: any Renderer<Subject>) { self.renderer = renderer }
  }
}
