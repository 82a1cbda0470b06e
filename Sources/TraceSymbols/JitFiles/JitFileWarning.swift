/// A problem of a jitdump or a perf map: one for each kind, whatever its number of occurrences.
public struct JitFileWarning: Hashable, Sendable {
  /// The text of each case follows "PATH: ".
  public enum Kind: Hashable, Sendable {
    /// The file is refused.
    case notJitdump
    /// The file is refused.
    case unknownVersion(UInt32)
    /// Mono states version 2 but writes version 1.
    case versionReadAsOne(UInt32)
    case unknownFlags(UInt64)
    case shortHeader(UInt32)
    case unknownRecords
    /// ``JitFileWarning/amount`` counts bytes.
    case damage
    /// Records with another writer's records inside them.
    case interleaved
    /// ``JitFileWarning/amount`` counts the bytes of a record that are missing at the file's end.
    case truncated
    case nonsense
    case longNames
    case unreadableLines
    case linesWithoutCode
    case unreadableFileNames
    case unreadableEntries
    case emptyCode
    case tornLastLine
  }

  public var kind: Kind
  /// The number of occurrences; for some kinds, bytes.
  public var amount: UInt64
  /// The offset of the first occurrence, in bytes from the file's start.
  public var offset: UInt64

  /// A predicate whose subject is the file.
  public var text: String {
    switch kind {
    case .notJitdump: "is not a jitdump file; it was not read"
    case .unknownVersion(let version):
      "is a jitdump of version \(version), not 1; it was not read"
    case .versionReadAsOne(let version):
      "states jitdump version \(version); it was read as version 1"
    case .unknownFlags(let flags):
      "has flags (0x\(String(flags, radix: 16))) that are not defined; they were ignored"
    case .shortHeader(let size):
      "states a header size of \(size) bytes instead of 40; it was read with 40"
    case .unknownRecords: "has \(some("record")) of an unknown kind\(place); \(they) skipped"
    case .damage: "has \(some("byte")) that no record has\(place); \(they) skipped"
    case .interleaved: "has \(some("record")) with another inside\(place)"
    case .truncated: "ends \(some("byte")) before its last record does"
    case .nonsense: "has \(some("impossible record"))\(place); \(they) skipped"
    case .longNames: "has \(some("too long name"))\(place); \(they) cut"
    case .unreadableLines: "has \(some("incomplete list")) of source lines\(place)"
    case .linesWithoutCode: "has \(some("list")) of source lines without code\(place)"
    case .unreadableFileNames: "has \(some("source line")) without a readable file name\(place)"
    case .unreadableEntries: "has \(some("line")) without an entry\(place); \(they) skipped"
    case .emptyCode: "has \(some("entry", "entries")) without a size\(place); \(they) skipped"
    case .tornLastLine: "ends within a line, which was taken as it is"
    }
  }

  private func some(_ one: String, _ many: String? = nil) -> String {
    "\(amount) \(amount == 1 ? one : many ?? one + "s")"
  }

  private var they: String { amount == 1 ? "it was" : "they were" }

  private var place: String { amount == 1 ? " at byte \(offset)" : ", the first at byte \(offset)" }
}

/// The warnings of one file. Bounded: one for each kind.
struct JitFileWarnings: Hashable, Sendable {
  private(set) var all: [JitFileWarning] = []

  mutating func note(_ kind: JitFileWarning.Kind, at offset: UInt64, amount: UInt64 = 1) {
    if let index = all.firstIndex(where: { $0.kind == kind }) {
      all[index].amount &+= amount
    } else {
      all.append(JitFileWarning(kind: kind, amount: amount, offset: offset))
    }
  }
}
