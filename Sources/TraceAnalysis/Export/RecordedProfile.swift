public import TraceEvents
public import TraceFormat

/// The samples of a trace that was made of a profile, one by one, with everything that the profile
/// says of them.
///
/// - Guarantee: a sample has its values, labels, frames and lines as in the profile.
/// - Cost: that of a ``TraceTimeline``, and another run over the file.
public final class RecordedProfile {
  /// A sample of the profile.
  public struct Sample {
    /// The node of its stack in the profile's call tree.
    public var node = 0
    /// The values in the order of ``ProfileDescription/types``.
    public var values: [UInt64] = []
    /// Labels as `key=text`.
    public var labels: [String] = []
    /// Labels as `key=4096 bytes` or `key=4096`.
    public var numericLabels: [String] = []
  }

  public let description: ProfileDescription
  /// The stacks of all samples.
  public var profile: StackProfile { timeline.profile }
  private let timeline: TraceTimeline
  private let file: TraceFile

  /// Nil if the file was not made of a profile.
  ///
  /// - Parameter options: the selected processes and times.
  public init?(_ file: TraceFile, _ options: StackOptions) throws {
    guard let description = try ProfileDescription(of: file) else { return nil }
    self.file = file
    self.description = description
    var own = options
    own.keepsAddresses = true
    timeline = try TraceTimeline(file, own)
  }

  /// The positions of an event type's fields.
  private struct Fields {
    var values: [Int?]
    var labels: Int?
    var numericLabels: Int?

    init?(_ schema: EventSchema, _ description: ProfileDescription) {
      guard "\(schema.provider)/\(schema.name)" == description.event else { return nil }
      func position(_ name: String, isArray: Bool) -> Int? {
        schema.fields.firstIndex {
          $0.name == name
            && (isArray ? $0.type == .array(.string) : $0.type.isUnsignedNumber)
        }
      }
      values = description.fields.prefix(256).map { position($0, isArray: false) }
      labels = position("labels", isArray: true)
      numericLabels = position("numericLabels", isArray: true)
    }
  }

  /// Delivers the samples in their order.
  public func forEachSample(_ body: @escaping (Sample) throws -> Void) throws {
    let fields = file.eventTypes.map { Fields($0.schema, description) }
    let samples = timeline.samples
    var filter = ReplayFilter()
    let event = description.event
    filter.admits = { "\($0.provider)/\($0.name)" == event }
    let replay = timeline.makeReplay()
    var position = 0
    var sample = Sample()
    replay.onAny(where: filter, fields: .all) { event in
      guard let fields = fields[event.typeIndex] else { return }
      // Each sample has a time of its own.
      let time = event.header.timestamp
      while position < samples.count, samples[position].time < time { position += 1 }
      guard position < samples.count, samples[position].time == time else { return }
      sample.node = Int(samples[position].node)
      sample.values = fields.values.map { $0.map { event.word($0) } ?? 0 }
      sample.labels = Self.texts(fields.labels, event)
      sample.numericLabels = Self.texts(fields.numericLabels, event)
      position += 1
      try body(sample)
    }
    try replay.run()
  }

  private static func texts(_ field: Int?, _ event: borrowing RawEvent) -> [String] {
    guard let field else { return [] }
    var elements = event.elements(field)
    var texts: [String] = []
    while let bytes = elements.nextBytes() { texts.append(String(decoding: bytes, as: UTF8.self)) }
    return texts
  }
}

extension ProfileDescription {
  /// The description in a trace that was made of a profile; nil in other traces.
  ///
  /// - Cost: reads the block that has it.
  public init?(of file: TraceFile) throws {
    let isThere = file.eventTypes.contains {
      $0.schema.provider == ProfileSchema.providerName && $0.schema.id == Self.eventID
        && $0.count > 0
    }
    guard isThere else { return nil }
    var found: ProfileDescription?
    let replay = Replay(file)
    replay.on(ProfileDescription.self) { event, _ in
      found = event
      throw ReplayStop()
    }
    try replay.run()
    guard let found else { return nil }
    self = found
  }
}

extension StackOptions {
  /// Selects the samples of a profile from which the trace was made, weighted by what tools show
  /// first, if they are not CPU samples. In other traces nothing changes.
  public mutating func showProfile(of file: TraceFile) throws {
    guard let description = try ProfileDescription(of: file),
      description.event != StackReport.samples.first
    else { return }
    let shown = Int(description.shown)
    let field = shown < description.fields.count ? description.fields[shown] : nil
    try show(
      EventPatterns(events: [description.event]), of: file.eventTypes.map(\.schema), weight: field)
  }
}
