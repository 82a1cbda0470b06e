/// Finds suggestions for misspelled names.
public enum NearestName {
  /// Only this many characters of longer names are compared.
  static let lengthLimit = 64

  /// The candidates nearest to `name`, best first, at most `limit`; empty if none is near. A
  /// candidate is near if at most a third of the letters of `name` (at least one) differ, or if
  /// `name` is a prefix of it.
  public static func suggestions(
    for name: String, among candidates: [String], limit: Int = 3
  ) -> [String] {
    let wanted = Array(name.lowercased().prefix(lengthLimit))
    let tolerance = max(1, wanted.count / 3)
    var seen: Set<String> = []
    let scored = candidates.compactMap { candidate -> (distance: Int, name: String)? in
      guard seen.insert(candidate).inserted else { return nil }
      let letters = Array(candidate.lowercased().prefix(lengthLimit))
      let distance = editDistance(wanted, letters)
      if wanted.count >= 2, letters.starts(with: wanted) { return (min(1, distance), candidate) }
      return distance <= tolerance ? (distance, candidate) : nil
    }
    return scored.sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }
      .prefix(limit).map(\.name)
  }

  /// The number of letters that must be added, removed, replaced or swapped with their neighbor.
  static func editDistance(_ a: [Character], _ b: [Character]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...b.count)
    for i in 0..<a.count {
      var row = [i + 1]
      for j in 0..<b.count {
        var best = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
          best = min(best, beforeLast[j - 1] + 1)
        }
        row.append(best)
      }
      beforeLast = last
      last = row
    }
    return last[b.count]
  }
}
