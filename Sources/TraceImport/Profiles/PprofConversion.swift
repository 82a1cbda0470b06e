internal import TraceEvents
internal import TraceFormat

/// One conversion of a profile.
struct PprofConversion {
  private let profile: PprofProfile
  private let name: String
  private let survey: PprofSurvey
  private let schema: ProfileSampleSchema
  private let description: ProfileDescription

  init(_ profile: PprofProfile, _ name: String) throws(ImportError) {
    (self.profile, self.name) = (profile, name)
    let types = profile.types
    guard let shown = profile.shownType else {
      throw .unusable(path: name, reason: "has no sample types")
    }
    survey = PprofSurvey(profile, shown: shown)
    var values = types.map { ProfileSampleSchema.Value(name: $0.name, unit: $0.unit) }
    let isCPUTime = survey.cpuUnit_ns != nil
    if isCPUTime { values.insert(values[shown], at: 0) }
    // CPU time in nanoseconds is stored once.
    if survey.cpuUnit_ns == 1 { values.remove(at: shown + 1) }
    schema = ProfileSampleSchema(
      provider: "pprof", name: "Sample", values, isCPUTime: isCPUTime,
      hasLabels: survey.hasLabels)
    var fields = schema.fields
    if survey.cpuUnit_ns == 1 {
      fields.insert(fields.removeFirst(), at: shown)
    } else if isCPUTime {
      fields.removeFirst()
    }
    description = Self.description(profile, shown, fields, schema.schema, survey)
  }

  private static func description(
    _ profile: PprofProfile, _ shown: Int, _ fields: [String], _ schema: EventSchema,
    _ survey: PprofSurvey
  ) -> ProfileDescription {
    var description = ProfileDescription()
    let header = profile.header
    description.event = "\(schema.provider)/\(schema.name)"
    description.types = profile.types.map(\.name)
    description.units = profile.types.map(\.unit)
    description.fields = fields
    description.shown = UInt32(shown)
    description.periodType = profile.string(header.periodType)
    description.periodUnit = profile.string(header.periodUnit)
    description.period = header.period
    description.start = header.start_ns
    description.duration = header.duration_ns
    description.comments = header.comments.prefix(64).map(profile.string)
    description.dropFrames = profile.string(header.dropFrames)
    description.keepFrames = profile.string(header.keepFrames)
    description.url = profile.string(header.url)
    return description
  }

  func run(to sink: any ByteSink) throws(ImportError) -> ImportReport {
    var report = ImportReport()
    do throws(FormatError) {
      let trace = try ProfileTrace(
        to: sink, name: name, session: "pprof", byteCount: profile.bytes.count, description, schema)
      convert(to: trace, &report)
      report.events = try trace.finish(description)
      note(trace.refused, "events cannot be stored in a trace", &report)
      note(trace.cutStacks, "stacks are too deep; their callers are lost", &report)
      note(trace.code.unnamed, "lines have no names: there are too many", &report)
    } catch {
      throw .output(error)
    }
    return report
  }

  private func convert(to trace: ProfileTrace, _ report: inout ImportReport) {
    var stacks = PprofStacks(profile)
    var sample = PprofSample()
    var made = ProfileTrace.Sample()
    var (broken, wrong, negative): (UInt64, UInt64, UInt64) = (0, 0, 0)
    var cutLabels: UInt64 = 0
    var last: (owner: PprofOwner, process: UInt32)?
    let program =
      profile.mainMapping.flatMap { profile.mappings[$0] }
      .map { profile.string($0.path) } ?? ""
    profile.forEachSample { range in
      guard sample.read(range, of: profile.bytes) else { return broken += 1 }
      guard sample.values.count == profile.typeCount else { return wrong += 1 }
      guard sample.values.allSatisfy({ $0 >= 0 }) else { return negative += 1 }
      var owner = PprofOwner()
      made.labels.removeAll(keepingCapacity: true)
      made.numericLabels.removeAll(keepingCapacity: true)
      for range in sample.labels {
        guard stacks.budget.hasLabels else {
          cutLabels += 1
          continue
        }
        let label = PprofLabel(range, of: profile)
        stacks.budget.take(labelBytes: label.byteCount)
        owner.take(label)
        if label.isText {
          made.labels.append(label.written)
        } else {
          made.numericLabels.append(label.written)
        }
      }
      if last?.owner != owner {
        let path = owner.process ?? (program.isEmpty ? "?" : program)
        let process = trace.process(owner.pid ?? 1, path)
        if let thread = owner.thread { trace.name(owner.tid ?? 1, thread, of: process) }
        last = (owner, process)
      }
      made.process = last?.process ?? 0
      made.tid = owner.tid ?? owner.pid ?? 1
      stacks.make(sample.locations, process: made.process, trace, &made.stack)
      add(sample.values, &made, to: trace)
    }
    note(broken, "samples are damaged and are left out", &report)
    note(wrong, "samples do not have a value for each type and are left out", &report)
    note(cutLabels, "labels are left out: their texts are too long in sum", &report)
    note(stacks.cutStacks, "stacks are cut: there are too many frames in sum", &report)
    note(stacks.cutNames, "lines have no names: the names are too long in sum", &report)
    note(negative, "samples have negative values and are left out", &report)
    note(stacks.missing, "frames have no location in the profile", &report)
    note(stacks.unnamed, "frames have neither a name nor an address", &report)
    note(stacks.cutLines, "inlined calls are left out, being too many for one place", &report)
    note(stacks.otherBuildIDs, "build ids are not hexadecimal and are left out", &report)
    note(profile.unusableIDs, "functions and places have unusable ids", &report)
    if profile.isBroken { report.damage.append("is cut or damaged") }
  }

  /// Adds a sample, or each of those that it stands for.
  private func add(
    _ values: [Int64], _ made: inout ProfileTrace.Sample, to trace: ProfileTrace
  ) {
    made.values = values.map { UInt64($0) }
    if let unit = survey.cpuUnit_ns {
      let shown = survey.shown
      let (time, isTooLarge) = made.values[shown].multipliedReportingOverflow(by: unit)
      made.values.insert(isTooLarge ? .max : time, at: 0)
      if unit == 1 { made.values.remove(at: shown + 1) }
    }
    guard let count = survey.countType else { return trace.add(made) }
    let single = values[count]
    guard single > 1 else { return trace.add(made) }
    made.values = survey.cpuUnit_ns == nil ? [1] : [survey.period_ns, 1]
    for _ in 0..<single { trace.add(made) }
  }

  private func note(_ count: some BinaryInteger, _ text: String, _ report: inout ImportReport) {
    if count > 0 { report.notes.append("\(count) \(text)") }
  }
}
