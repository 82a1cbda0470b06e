public import TraceEvents

/// Which running processes offer which providers: each provider once, with the processes that have
/// it.
public struct ProviderReport: Report {
  /// A running process and what it offers.
  public struct Offer: Hashable, Sendable {
    public var process: Process
    public var providers: [ProviderSchema]

    public init(process: Process, providers: [ProviderSchema]) {
      self.process = process
      self.providers = providers
    }
  }

  /// A running process.
  public struct Process: Hashable, Sendable {
    public var pid: UInt32
    public var executable: String

    public init(pid: UInt32, executable: String) {
      self.pid = pid
      self.executable = executable
    }
  }

  /// A provider, and who has it.
  public struct Provider: Hashable, Sendable {
    public var schema: ProviderSchema
    public var processes: [Process]
  }

  /// Nothing is recorded, so nothing is lost.
  public var lost: LostEvents { LostEvents() }
  public var partial: [PartialReason] { [] }
  /// By name; providers of one name whose schemas differ stay apart.
  public var providers: [Provider]
  /// Whether the text form lists the fields of events; JSON always has them.
  public var showsFields = false

  public init(_ offers: [Offer]) {
    var order: [ProviderSchema] = []
    var processes: [ProviderSchema: [Process]] = [:]
    for offer in offers {
      for schema in offer.providers {
        if processes[schema] == nil { order.append(schema) }
        processes[schema, default: []].append(offer.process)
      }
    }
    providers = order.sorted { $0.name < $1.name }
      .map { Provider(schema: $0, processes: processes[$0] ?? []) }
  }
}
