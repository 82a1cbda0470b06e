/// What a name for an address was learnt from, best first.
public enum SymbolSource: UInt8, Hashable, Sendable, CaseIterable {
  /// A jitdump file.
  case jitdump
  /// The runtime's own events.
  case provider
  /// A perf map.
  case perfMap
  /// An image's symbols.
  case image
  case kernel

  /// A word or two for people.
  public var name: String {
    switch self {
    case .jitdump: "jitdump"
    case .provider: "JIT events"
    case .perfMap: "perf map"
    case .image: "image"
    case .kernel: "kernel"
    }
  }
}
