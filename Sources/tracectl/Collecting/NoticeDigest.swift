import TraceAnalysis
import TraceExport

/// Condenses the problems of processes at a collection's end: similar sentences are counted, and
/// there are at most ``linesMax`` lines.
struct NoticeDigest {
  /// A sentence about a process of a user, or about the session.
  struct Notice: Hashable {
    var user: UInt32
    /// A program and its pid, or empty.
    var subject: String
    var text: String

    /// The common part of similar sentences: everything except numbers.
    fileprivate var kind: String {
      var kind = ""
      for character in text where !(character.isNumber && kind.last == "0") {
        kind.append(character.isNumber ? "0" : character)
      }
      return kind
    }
  }

  /// Maximum number of shown sentences of one kind.
  static let linesOfKindMax = 3
  static let linesMax = 100

  private struct Kind {
    var shown: [Notice] = []
    var count = 0
  }

  private var kinds: [String: Kind] = [:]
  private var order: [String] = []

  init(_ notices: some Sequence<Notice>) {
    for notice in notices {
      let kind = notice.kind
      if kinds[kind] == nil { order.append(kind) }
      kinds[kind, default: Kind()].count += 1
      if kinds[kind]!.shown.count < Self.linesOfKindMax { kinds[kind]!.shown.append(notice) }
    }
  }

  /// Each user's first kind comes before any user's second one, so that no user's problems hide
  /// another's.
  var lines: [String] {
    var ranks: [UInt32: Int] = [:]
    let ranked = order.map { kind in
      let user = kinds[kind]!.shown[0].user
      defer { ranks[user, default: 0] += 1 }
      return (kind, ranks[user] ?? 0)
    }
    let sorted = ranked.enumerated().sorted {
      ($0.element.1, $0.offset) < ($1.element.1, $1.offset)
    }
    var lines: [String] = []
    var left = 0
    for (_, (name, _)) in sorted {
      let kind = kinds[name]!
      let hasMore = kind.count > kind.shown.count
      guard lines.count + kind.shown.count + (hasMore ? 1 : 0) < Self.linesMax else {
        left += kind.count
        continue
      }
      for notice in kind.shown { lines.append(notice.subject + notice.text) }
      if hasMore {
        lines.append("and \(grouped(UInt64(kind.count - kind.shown.count))) more like it")
      }
    }
    if left > 0 { lines.append("and \(grouped(UInt64(left))) more of other kinds") }
    return lines
  }
}
