/// The metrics of one run, and the circumstances under which it was measured.
public struct GateRun: Hashable, Sendable {
  /// By the metric's name.
  public var values: [String: Double] = [:]
  /// Why metrics have no value.
  public var problems: [String: GateProblem] = [:]
  /// What the runs up to this one tell of the noise, by the metric's name; see ``NoiseMemory``.
  public var noise: [String: NoiseMemory] = [:]
  /// Nil for a run without a trace.
  public var circumstances: Circumstances?

  /// How a trace was taken.
  public struct Circumstances: Hashable, Sendable {
    public var trace: String
    /// Programs that account for most CPU samples, or all programs without samples.
    public var programs: [String]
    public var cpus: Double
    /// Samples per second of CPU time; 0 without samples.
    public var rate_hz: Double
    public var lost_percent: Double
    public var isPartial: Bool

    public init(
      trace: String, programs: [String], cpus: Double, rate_hz: Double, lost_percent: Double,
      isPartial: Bool
    ) {
      (self.trace, self.programs, self.cpus) = (trace, programs, cpus)
      (self.rate_hz, self.lost_percent, self.isPartial) = (rate_hz, lost_percent, isPartial)
    }
  }

  public init() {}

  /// Version of the stored form.
  private static let version = 1.0

  /// The run as it is stored in a baseline.
  public var stored: JSONValue {
    var members = [JSONValue.Member("gate_run", .number(Self.version))]
    if let circumstances {
      members += [
        .init("trace", .string(circumstances.trace)),
        .init("programs", .array(circumstances.programs.map(JSONValue.string))),
        .init("cpus", .number(circumstances.cpus)),
        .init("rate_hz", .number(circumstances.rate_hz)),
        .init("lost_percent", .number(circumstances.lost_percent)),
      ]
    }
    let values = values.sorted { $0.key < $1.key }
      .map { JSONValue.Member($0.key, .number($0.value)) }
    members.append(.init("values", .object(values)))
    let noise = noise.sorted { $0.key < $1.key }.map { JSONValue.Member($0.key, $0.value.stored) }
    if !noise.isEmpty { members.append(.init("noise", .object(noise))) }
    return .object(members)
  }

  /// Reads a stored run; nil if it is none.
  public init?(stored value: JSONValue) {
    guard value["gate_run"]?.number == Self.version, let members = value["values"]?.members
    else { return nil }
    for member in members {
      guard let number = member.value.number else { return nil }
      values[member.name] = number
    }
    for member in value["noise"]?.members ?? [] {
      guard let memory = NoiseMemory(stored: member.value) else { return nil }
      noise[member.name] = memory
    }
    guard let trace = value["trace"]?.string else { return }
    guard let programs = value["programs"]?.array, let cpus = value["cpus"]?.number,
      let rate_hz = value["rate_hz"]?.number, let lost_percent = value["lost_percent"]?.number
    else { return nil }
    circumstances = Circumstances(
      trace: trace, programs: programs.compactMap(\.string), cpus: cpus, rate_hz: rate_hz,
      lost_percent: lost_percent, isPartial: false)
  }
}

extension GateRun {
  /// Takes the metrics' values from the reports and files of the run.
  public mutating func measure(
    _ metrics: [GateMetric], in values: [GateMetric.Source: JSONValue]
  ) {
    for metric in metrics {
      do throws(GateProblem) {
        self.values[metric.name] = try metric.value(in: values[metric.source])
      } catch {
        problems[metric.name] = error
      }
    }
  }
}
