/// A problem of an image's file whose other parts could be read.
public enum SymbolWarning: Hashable, Sendable {
  /// A structure begins or ends outside the file: the file is truncated, or the header is wrong.
  case outsideFile(String)
  /// An unusable entry size.
  case entrySize(String, size: UInt64)
  /// There are more entries than this reader accepts; the others are left out.
  case tooMany(String, limit: Int)
  /// A table refers to a section for its names that does not contain names.
  case link(String)
  /// A compressed section whose content is damaged.
  case compression(String)
  /// A field with a value that the format does not have.
  case value(String)
}

extension SymbolWarning: CustomStringConvertible {
  public var description: String {
    switch self {
    case .outsideFile(let what): "\(what) lies outside the file"
    case .entrySize(let what, let size): "\(what) has entries of \(size) bytes"
    case .tooMany(let what, let limit):
      "\(what) has more than \(limit) entries; the others are left out"
    case .link(let what): "\(what) refers to a section that is missing or of the wrong kind"
    case .compression(let what): "\(what) cannot be decompressed"
    case .value(let what): "\(what) has a value that is not valid in ELF"
    }
  }
}

/// Warnings in the order of their occurrence, each once; their number is bounded.
struct WarningList {
  private(set) var warnings: [SymbolWarning] = []

  mutating func add(_ warning: SymbolWarning) {
    guard warnings.count < SymbolLimits.warnings, !warnings.contains(warning) else { return }
    warnings.append(warning)
  }
}
