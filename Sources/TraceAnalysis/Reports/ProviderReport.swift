public import TraceEvents

/// Providers offered by running processes: each provider once, with its processes.
public struct ProviderReport: Report {
  /// A running process and the providers it offers.
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
    /// The runtime that it has, and the program that this runs: `.NET 8.0.4, app`; nil if none is
    /// known.
    public var runtime: String?

    public init(pid: UInt32, executable: String, runtime: String? = nil) {
      self.pid = pid
      self.executable = executable
      self.runtime = runtime
    }
  }

  /// A provider and the processes that offer it.
  public struct Provider: Hashable, Sendable {
    public var schema: ProviderSchema
    public var processes: [Process]
  }

  /// Nothing is recorded, so nothing is lost.
  public var lost: LostEvents { LostEvents() }
  public var partial: [PartialReason] { [] }
  /// Sorted by name. Providers of the same name with different schemas are separate entries.
  public var providers: [Provider]
  /// Whether the text form lists the fields of events; JSON always includes them.
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
