/// Result of a lookup, and the range of times around the query for which it is the same.
struct Finding {
  enum Kind {
    /// Row of a piece of code.
    case code(UInt32, isLate: Bool)
    /// Row of a mapped file.
    case image(UInt32, isLate: Bool)
    /// No name; `mapping` is the row of the anonymous mapping at the address, if any.
    case nothing(UnresolvedReason, mapping: UInt32)
  }

  var kind: Kind
  /// Whether the known facts do not decide between this result and another.
  var isUncertain = false
  /// First time for which the finding holds.
  var from: Int64
  /// First time for which the finding no longer holds.
  var until: Int64

  /// Creates a finding that holds only at `time`.
  init(_ kind: Kind, at time: Int64) {
    self.init(kind: kind, from: time, until: time.later(by: 1))
  }

  init(kind: Kind, from: Int64, until: Int64) {
    (self.kind, self.from, self.until) = (kind, from, until)
  }

  /// Narrows the range to the side of `edge` on which `time` lies, because the result changes
  /// there.
  mutating func narrow(toSideOf edge: Int64, with time: Int64) {
    if edge <= time { narrow(edge, .max) } else { narrow(.min, edge) }
  }

  mutating func narrow(_ from: Int64, _ until: Int64) {
    self.from = max(self.from, from)
    self.until = min(self.until, until)
  }
}

extension CodeMap {
  /// Finds the owner of the address at that time by these rules, in order:
  ///
  /// 1. compiled code live at that time: jitdump before the runtime's events before a perf map;
  /// 2. the image of a mapped file;
  /// 3. code live within the clock's edge before or after that time;
  /// 4. code announced within the slack afterwards, if nothing was in its range in between;
  /// 5. otherwise none, with the reason.
  func find(_ pid: UInt32, _ address: UInt64, at time: Int64) -> Finding {
    guard
      let generation = lives.generation(pid, at: time, edge: options.clockEdgeNanoseconds)
    else {
      return Finding(.nothing(.neverAnnounced, mapping: CodeRow.none), at: time)
    }
    return find(generation, address, at: time)
  }

  func find(_ generation: Generation, _ address: UInt64, at time: Int64) -> Finding {
    var finding = Finding(
      kind: .nothing(.neverAnnounced, mapping: CodeRow.none), from: generation.from,
      until: generation.until)
    // Outside the generation's lifetime, but within the clock's edge: holds only at this time.
    if !generation.covers(time) {
      finding = Finding(finding.kind, at: time)
    }
    var gaps = InlineArray<5, Neighbours>(repeating: Neighbours())
    var mapping = CodeRow.none
    for layer in 0..<CodeLayer.count {
      if CodeLayer.images.contains(layer), mapping != CodeRow.none { break }
      let near = generation.neighbours(of: address, at: time, layer: layer)
      gaps[layer] = near
      if near.after != CodeRow.none, rows[Int(near.after)].from > time {
        finding.narrow(.min, rows[Int(near.after)].from)
      }
      guard near.exact != CodeRow.none else {
        guard near.before != CodeRow.none else { continue }
        finding.narrow(rows[Int(near.before)].until, .max)
        if rows[Int(near.before)].traits.contains(.doubted) {
          finding.kind = .code(near.before, isLate: false)
          finding.isUncertain = true
          return finding
        }
        continue
      }
      let row = rows[Int(near.exact)]
      // A row inherited from a parent ends where the process has a row of its own.
      finding.narrow(row.from, row.until > time ? row.until : .max)
      if CodeLayer.compiled.contains(layer) {
        finding.kind = .code(near.exact, isLate: false)
        finding.isUncertain = row.doubtedFrom <= near.time
        if row.endDoubt > 0, near.time == time {
          finding.narrow(toSideOf: row.doubtedFrom, with: time)
        }
        return finding
      }
      if row.traits.contains(.anonymous) {
        mapping = near.exact
        continue
      }
      finding.kind = .image(near.exact, isLate: false)
      return finding
    }
    if let near = nearest(gaps, at: time, &finding) { return near }
    finding.kind = .nothing(reason(gaps, at: time), mapping: mapping)
    return finding
  }

  /// Returns code that was live within the clock's edge, or else code announced within the slack.
  /// Narrows `unnamed` to the times around this one for which all facts considered here are the
  /// same.
  private func nearest(
    _ gaps: borrowing InlineArray<5, Neighbours>, at time: Int64, _ unnamed: inout Finding
  ) -> Finding? {
    let edge = options.clockEdgeNanoseconds
    var late: Finding.Kind?
    var isUncertain = false
    for layer in 0..<CodeLayer.count {
      let near = gaps[layer]
      guard near.exact == CodeRow.none else { continue }
      let isImage = CodeLayer.images.contains(layer)
      var best = CodeRow.none
      var distance = edge.later(by: 1)
      if near.before != CodeRow.none, rows[Int(near.before)].isNamed {
        let until = rows[Int(near.before)].until
        let ago = time.distance(after: until)
        if ago < distance { (best, distance) = (near.before, ago) }
        unnamed.narrow(until.later(by: edge).later(by: 1), .max)
      }
      if near.after != CodeRow.none, rows[Int(near.after)].isNamed {
        let row = rows[Int(near.after)]
        let ahead = row.from.distance(after: time)
        if ahead < distance { best = near.after }
        let slack = options.slack(of: CodeLayer(rawValue: layer)!)
        if late == nil, ahead <= slack, row.formerEnd <= time {
          late = Self.kind(near.after, isImage, isLate: true)
        }
        unnamed.narrow(.min, row.from.earlier(by: edge))
        unnamed.narrow(toSideOf: row.from.earlier(by: slack), with: time)
        unnamed.narrow(toSideOf: row.formerEnd, with: time)
      }
      if late == nil, near.maybe != CodeRow.none {
        late = Self.kind(near.maybe, isImage, isLate: true)
        isUncertain = true
      }
      if best != CodeRow.none {
        return Finding(Self.kind(best, isImage, isLate: false), at: time)
      }
    }
    guard let late else { return nil }
    var finding = unnamed
    (finding.kind, finding.isUncertain) = (late, isUncertain)
    return finding
  }

  private static func kind(_ row: UInt32, _ isImage: Bool, isLate: Bool) -> Finding.Kind {
    isImage ? .image(row, isLate: isLate) : .code(row, isLate: isLate)
  }

  private func reason(
    _ gaps: borrowing InlineArray<5, Neighbours>, at time: Int64
  ) -> UnresolvedReason {
    var reason = UnresolvedReason.neverAnnounced
    for layer in 0..<CodeLayer.count {
      let near = gaps[layer]
      guard near.exact == CodeRow.none else { continue }
      if near.after != CodeRow.none, rows[Int(near.after)].isNamed,
        rows[Int(near.after)].formerEnd <= time
      {
        return .announcedTooLate
      }
      if near.before != CodeRow.none { reason = .unloaded }
    }
    return reason
  }
}

extension Int64 {
  /// Times come from a file, so sums saturate.
  func later(by nanoseconds: Int64) -> Int64 {
    let (sum, overflow) = addingReportingOverflow(nanoseconds)
    return overflow ? .max : sum
  }

  func earlier(by nanoseconds: Int64) -> Int64 {
    let (difference, overflow) = subtractingReportingOverflow(nanoseconds)
    return overflow ? .min : difference
  }

  /// Returns the distance from an earlier or equal time.
  func distance(after time: Int64) -> Int64 {
    let (difference, overflow) = subtractingReportingOverflow(time)
    return overflow ? .max : difference
  }
}
