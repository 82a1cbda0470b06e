public import TraceAnalysis
internal import TraceEvents

/// Writes a profile that was imported: what it says of itself, its sample types with their units,
/// and its samples with their labels.
///
/// - Guarantee: neighbouring samples with equal stacks and labels are one; nothing else changes but
///   the numbers of tables and the addresses of named code.
public struct RecordedPprof: Renderer {
  public let format = PprofExport().format

  public init() {}

  /// Writes the whole profile.
  ///
  /// - Cost: as ``PprofExport``.
  /// - Throws: what reading the trace throws.
  public func render(
    _ recorded: RecordedProfile, _ options: RenderOptions, to output: inout OutputBuffer
  ) throws {
    let writer = RecordedWriter(recorded)
    try recorded.forEachSample { sample in writer.add(sample) }
    writer.finish(to: &output)
  }
}

private final class RecordedWriter {
  private let description: ProfileDescription
  private var tables: PprofTables
  private var places: PprofPlaces
  private var gzip = GzipStream()
  private var path: [UInt64] = []
  private var waiting: RecordedProfile.Sample?
  private var message = ProtobufMessage()
  private var label = ProtobufMessage()

  init(_ recorded: RecordedProfile) {
    description = recorded.description
    tables = PprofTables(recorded.profile, isRecorded: true)
    places = PprofPlaces(recorded.profile)
    writeHeading()
  }

  func add(_ sample: RecordedProfile.Sample) {
    if var last = waiting, last.node == sample.node, last.labels == sample.labels,
      last.numericLabels == sample.numericLabels
    {
      last.values = zip(last.values, sample.values).map { one, other in
        let (sum, isTooLarge) = one.addingReportingOverflow(other)
        return isTooLarge ? .max : sum
      }
      waiting = last
      return
    }
    write()
    waiting = sample
  }

  func finish(to output: inout OutputBuffer) {
    write()
    gzip.write(tables.pending, isLast: true, to: &output)
    tables.pending.clear()
  }

  private func write() {
    guard let sample = waiting else { return }
    waiting = nil
    _ = places.makePath(from: sample.node, &tables, &path)
    message.clear()
    message.field(1, packed: path)
    message.field(2, packed: sample.values.map { min($0, UInt64(Int64.max)) })
    for text in sample.labels {
      guard let (key, value) = Self.parts(text) else { continue }
      label.clear()
      label.field(1, tables.string(key))
      label.field(2, tables.string(value))
      message.field(3, label)
    }
    for text in sample.numericLabels {
      guard let (key, value) = Self.parts(text) else { continue }
      let words = value.split(separator: " ", maxSplits: 1)
      label.clear()
      label.field(1, tables.string(key))
      label.field(3, signed: words.first.flatMap { Int64($0) } ?? 0)
      if words.count > 1 { label.field(4, tables.string(String(words[1]))) }
      message.field(3, label)
    }
    tables.pending.field(2, message)
  }

  private static func parts(_ text: String) -> (String, String)? {
    guard let equals = text.firstIndex(of: "=") else { return nil }
    return (String(text[..<equals]), String(text[text.index(after: equals)...]))
  }

  private func writeHeading() {
    for (type, unit) in zip(description.types, description.units) {
      tables.pending.field(1, valueType(type, unit))
    }
    text(7, description.dropFrames)
    text(8, description.keepFrames)
    if description.start != 0 { tables.pending.field(9, signed: description.start) }
    if description.duration != 0 { tables.pending.field(10, signed: description.duration) }
    if !description.periodType.isEmpty {
      tables.pending.field(11, valueType(description.periodType, description.periodUnit))
    }
    if description.period != 0 { tables.pending.field(12, signed: description.period) }
    for comment in description.comments { text(13, comment) }
    let shown = Int(description.shown)
    if shown + 1 < description.types.count { text(14, description.types[shown]) }
    text(15, description.url)
  }

  private func text(_ field: UInt64, _ text: String) {
    guard !text.isEmpty else { return }
    let number = tables.string(text)
    tables.pending.field(field, number)
  }

  private func valueType(_ name: String, _ unit: String) -> ProtobufMessage {
    var type = ProtobufMessage()
    type.field(1, tables.string(name))
    type.field(2, tables.string(unit))
    return type
  }
}
