/// Origin of a name for an address, in order of preference.
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

  /// Display name of a word or two.
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
