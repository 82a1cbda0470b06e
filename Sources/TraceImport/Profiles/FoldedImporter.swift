internal import TraceEvents
public import TraceFormat

/// Imports folded (collapsed) stacks: lines such as `main;work;read 12`, the outermost frame first.
///
/// - Guarantee: the sums of each frame are those of the lines. A line that is none is counted and
///   reported.
/// - Cost: one pass over the file; memory for the distinct names, at most ``namesMax``.
public struct FoldedImporter: Importer {
  /// Maximum length of a line; longer ones are left out.
  public static let lineBytesMax = 1 << 20
  /// Maximum number of distinct names; frames with other names are left out.
  public static let namesMax = 1 << 19
  private static let nameBytesMax = 4096

  /// Creates an importer.
  public init() {}

  /// "folded stacks".
  public var kind: String { "folded stacks" }

  /// Whether the file begins with such lines, of which one has several frames.
  public func recognizes(_ prefix: UnsafeRawBufferPointer) -> Bool {
    var (start, count) = (0, 0)
    var isDeep = false
    while start < prefix.count {
      let end = prefix[start...].firstIndex(of: 0x0a)
      // The last line of a prefix is cut.
      if end == nil, prefix.count >= ImporterRegistry.prefixBytes, count > 0 { break }
      let line = UnsafeRawBufferPointer(rebasing: prefix[start..<(end ?? prefix.count)])
      start = (end ?? prefix.count) + 1
      if FoldedLine.isNothing(line) { continue }
      guard let folded = FoldedLine(line), !line.contains(where: Self.isControl) else {
        return false
      }
      isDeep = isDeep || folded.frames.contains(UInt8(ascii: ";"))
      count += 1
    }
    return count > 0 && isDeep
  }

  /// No text has such a byte.
  private static func isControl(_ byte: UInt8) -> Bool {
    byte < 0x20 && byte != 0x09 && byte != 0x0d
  }

  /// Reads the lines and writes them as a trace.
  ///
  /// - Throws: ``ImportError/output(_:)`` if the trace cannot be written.
  public func convert(
    _ source: ImportSource, to sink: any ByteSink
  ) throws(ImportError) -> ImportReport {
    var report = ImportReport()
    let schema = ProfileSampleSchema(
      provider: "folded", name: "Stack", [.init(name: "count", unit: "count")],
      isCPUTime: false, hasLabels: false)
    var description = ProfileDescription()
    description.event = "folded/Stack"
    (description.types, description.units) = (["count"], ["count"])
    description.fields = schema.fields
    do throws(FormatError) {
      let trace = try ProfileTrace(
        to: sink, name: source.name, session: "folded stacks",
        byteCount: Int(clamping: source.byteCount), description, schema)
      convert(source, to: trace, &report)
      report.events = try trace.finish(description)
    } catch {
      throw .output(error)
    }
    return report
  }

  private func convert(
    _ source: ImportSource, to trace: ProfileTrace, _ report: inout ImportReport
  ) {
    var sample = ProfileTrace.Sample(process: trace.process(1, Self.program(source.name)), tid: 1)
    let module = trace.module("")
    var names: [String: UInt32] = [:]
    var (wrong, rounded, unnamed) = (0, 0, 0)
    FoldedLines(source).read { line in
      guard let line, let folded = FoldedLine(line) else {
        if line.map(FoldedLine.isNothing) != true { wrong += 1 }
        return
      }
      if FoldedLine.isNothing(line) { return }
      if folded.isRounded { rounded += 1 }
      sample.values = [folded.count]
      sample.stack.removeAll(keepingCapacity: true)
      for frame in folded.frames.split(separator: UInt8(ascii: ";")).reversed() {
        let name = String(decoding: frame.prefix(Self.nameBytesMax), as: UTF8.self)
        let slot =
          names[name]
          ?? (names.count < Self.namesMax
            ? trace.add([.init(function: name)], in: module, process: sample.process) : nil)
        guard let slot else {
          unnamed += 1
          continue
        }
        names[name] = slot
        sample.stack.append(ProfileCode.address(slot))
      }
      trace.add(sample)
    }
    if wrong > 0 { report.damage.append("has \(wrong) lines that are not stacks with a count") }
    func note(_ count: some BinaryInteger, _ text: String) {
      if count > 0 { report.notes.append("\(count) \(text)") }
    }
    note(rounded, "counts have fractions, which are left out")
    note(unnamed, "frames are left out: there are too many names")
    note(trace.refused, "events cannot be stored in a trace")
    note(trace.cutStacks, "stacks are too deep; their callers are lost")
  }

  private static func program(_ path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? "?"
  }
}
