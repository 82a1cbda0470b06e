import Testing

/// The data flow from traces to reports has one direction, as shown in ARCHITECTURE.md.
@Suite struct PipelineTests {
  private static let renderers = Repository.files(in: ["Sources/TraceExport"], ending: [".swift"])
  private static let reports = Repository.files(
    in: ["Sources/TraceAnalysis/Reports"], ending: [".swift"])

  /// Lines, without comments, that contain one of the words.
  private static func finds(_ words: [String], in files: [Repository.File]) -> [String] {
    files.flatMap { file in
      file.lines.enumerated().filter { line in
        !line.element.drop { $0 == " " }.hasPrefix("//")
          && words.contains { line.element.contains($0) }
      }.map { "\(file.path):\($0.offset + 1)" }
    }
  }

  @Test func reportsAndRenderersGetNoFile() {
    #expect(!Self.renderers.isEmpty && !Self.reports.isEmpty)
    #expect(Self.finds(["TraceFile"], in: Self.renderers + Self.reports) == [])
  }

  @Test func renderersGetASinkAndNoDescriptor() {
    let words = ["DescriptorSink", "descriptor", "fileno", "STDOUT", "STDERR", " open("]
    #expect(Self.finds(words, in: Self.renderers) == [])
  }

  /// Only the session reads data of this machine's processes. The one exception are names of a live
  /// process's images, which need its root directory.
  @Test func analysisReadsNoProcesses() {
    let files = Repository.files(in: ["Sources/TraceAnalysis"], ending: [".swift"])
      .filter { $0.name != "MachineImages.swift" }
    #expect(Self.finds(["\"/proc"], in: files) == [])
  }

  @Test func aSessionHasNoViews() {
    let files = Repository.files(in: ["Sources/TraceSession"], ending: [".swift"])
    #expect(!files.isEmpty)
    #expect(Self.finds(["import TraceExport", "Renderer", "ReportPass"], in: files) == [])
  }

  @Test func theExecutableHoldsNoFormats() {
    let files = Repository.files(in: ["Sources/tracectl"], ending: [".swift"])
    #expect(!files.isEmpty)
    #expect(Self.finds(["Format:", ": Renderer {", ": ReportPass {"], in: files) == [])
  }

  // MARK: Docs/reports.md

  /// The keys that a JSON renderer's source writes.
  private static func keys(in text: String) -> Set<String> {
    Set(
      text.matches(of: /\.(?:field|count|tree)\(\s*"(\w+)"/).map { String($0.output.1) }
        + text.matches(of: /(?m)^\s*field\("(\w+)"/).map { String($0.output.1) })
  }

  @Test func everyKeyOfJSONIsListed() throws {
    let page = try #require(Repository.files.first { $0.path == "Docs/reports.md" }).text
    let listed = Set(
      page.matches(of: /(?m)^\| `([\w.]+)`/).map { match in
        String(match.output.1.split(separator: ".").last ?? "")
      })
    var count = 0
    for file in Self.renderers where !file.path.contains("/Output/") {
      let keys = Self.keys(in: file.text)
      count += keys.count
      #expect(keys.subtracting(listed) == [], "\(file) writes keys that Docs/reports.md lacks")
    }
    #expect(count > 80)
  }

  @Test func keysAreFound() {
    let source = """
      json.field("a", 1)
      $0.field(
        "b", each: [])
        field("c") {
      json.count("d", x)
      """
    #expect(Self.keys(in: source) == ["a", "b", "c", "d"])
  }
}
