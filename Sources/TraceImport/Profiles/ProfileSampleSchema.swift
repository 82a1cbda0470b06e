internal import TraceEvents
internal import TraceFormat

/// The event that a profile's samples become: CPU samples with further values, or an event of its
/// own with a field for each value.
struct ProfileSampleSchema {
  /// What the samples have.
  struct Value {
    var name: String
    var unit: String
  }

  let schema: EventSchema
  /// Whether the first value is nanoseconds of CPU time.
  let isCPUTime: Bool
  let hasLabels: Bool
  /// The name of each value's field.
  let fields: [String]

  init(
    provider: String, name: String, _ values: [Value], isCPUTime: Bool, hasLabels: Bool
  ) {
    (self.isCPUTime, self.hasLabels) = (isCPUTime, hasLabels)
    var known: Set<String> = ["weight", "source", "labels", "numericLabels"]
    var names: [String] = []
    var own: [FieldSchema] = []
    for (index, value) in values.enumerated() {
      if isCPUTime, index == 0 {
        names.append("weight")
        continue
      }
      var unique = value.name.isEmpty ? "value" : value.name.cut(toBytes: 100)
      while !known.insert(unique).inserted { unique += "'" }
      names.append(unique)
      own.append(FieldSchema(unique, .uint64, Self.hint(value.unit)))
    }
    if hasLabels {
      own.append(FieldSchema("labels", .array(.string)))
      own.append(FieldSchema("numericLabels", .array(.string)))
    }
    fields = names
    if isCPUTime {
      var schema = SampledProfile.schema
      if !own.isEmpty { schema.version &+= 1 }
      schema.fields += own
      self.schema = schema
    } else {
      schema = EventSchema(provider: provider, id: 1, name: name, fields: own)
    }
  }

  private static func hint(_ unit: String) -> FieldHint {
    switch unit {
    case "bytes": .bytes
    case "nanoseconds": .nanoseconds
    case "microseconds": .microseconds
    case "milliseconds": .milliseconds
    case "count": .count
    default: .none
    }
  }

  /// Writes the fields of an event.
  func encode(_ sample: ProfileTrace.Sample, _ encoder: inout EventEncoder) {
    for (index, value) in sample.values.enumerated() {
      encoder.encode(value)
      // No profile says what triggered its samples.
      if isCPUTime, index == 0 { encoder.encode(SampleSource(rawValue: 255)) }
    }
    guard hasLabels else { return }
    encoder.encode(array: sample.labels)
    encoder.encode(array: sample.numericLabels)
  }
}
