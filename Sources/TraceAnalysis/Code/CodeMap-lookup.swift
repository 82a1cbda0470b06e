/// What a look-up finds, and for which times about the one asked for it is the same.
struct Finding {
  enum Kind {
    /// A row of a piece of code.
    case code(UInt32, isLate: Bool)
    /// A row of a mapped file.
    case image(UInt32, isLate: Bool)
    /// No name; of an anonymous mapping that was there, the row.
    case nothing(UnresolvedReason, mapping: UInt32)
  }

  var kind: Kind
  /// The finding holds from here …
  var from: Int64
  /// … up to and without here.
  var until: Int64

  mutating func narrow(_ from: Int64, _ until: Int64) {
    self.from = max(self.from, from)
    self.until = min(self.until, until)
  }
}

extension CodeMap {
  /// Who had the address at that time, by the rules:
  ///
  /// 1. compiled code that lived there then: jitdump before the runtime's events before a perf map;
  /// 2. a mapped file's image;
  /// 3. what lived there a clock's edge before or after;
  /// 4. what was announced within the slack after, if nothing was in its range in between;
  /// 5. else nobody, and why.
  func find(_ pid: UInt32, _ address: UInt64, at time: Int64) -> Finding {
    guard
      let generation = lives.generation(pid, at: time, edge: options.clockEdgeNanoseconds)
    else {
      return Finding(
        kind: .nothing(.neverAnnounced, mapping: CodeRow.none), from: time, until: time &+ 1)
    }
    return find(generation, address, at: time)
  }

  func find(_ generation: Generation, _ address: UInt64, at time: Int64) -> Finding {
    var finding = Finding(
      kind: .nothing(.neverAnnounced, mapping: CodeRow.none), from: generation.from,
      until: generation.until)
    // Just outside of the generation's time by the clock's edge: good for this moment only.
    if !generation.covers(time) {
      finding = Finding(kind: finding.kind, from: time, until: time + 1)
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
        if near.before != CodeRow.none { finding.narrow(rows[Int(near.before)].until, .max) }
        continue
      }
      let row = rows[Int(near.exact)]
      // One that was taken over from a parent ends with what the process has of its own.
      finding.narrow(row.from, row.until > time ? row.until : .max)
      if CodeLayer.compiled.contains(layer) {
        finding.kind = .code(near.exact, isLate: false)
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

  /// What lived there within the clock's edge, else what was announced within the slack. Narrows
  /// `unnamed` to where there is neither.
  private func nearest(
    _ gaps: borrowing InlineArray<5, Neighbours>, at time: Int64, _ unnamed: inout Finding
  ) -> Finding? {
    let edge = options.clockEdgeNanoseconds
    var late: Finding?
    for layer in 0..<CodeLayer.count {
      let near = gaps[layer]
      guard near.exact == CodeRow.none else { continue }
      let isImage = CodeLayer.images.contains(layer)
      var best = CodeRow.none
      var distance = edge &+ 1
      if near.before != CodeRow.none, rows[Int(near.before)].isNamed {
        let ago = time &- rows[Int(near.before)].until
        if ago < distance { (best, distance) = (near.before, ago) }
        unnamed.narrow(rows[Int(near.before)].until &+ edge &+ 1, .max)
      }
      if near.after != CodeRow.none, rows[Int(near.after)].isNamed {
        let row = rows[Int(near.after)]
        let ahead = row.from &- near.time
        if ahead >= 0, ahead < distance { (best, distance) = (near.after, ahead) }
        let slack = options.slack(of: CodeLayer(rawValue: layer)!)
        if late == nil, ahead <= slack, row.formerEnd <= near.time {
          late = Finding(
            kind: Self.kind(near.after, isImage, isLate: true), from: time, until: time &+ 1)
          late?.from = max(unnamed.from, row.formerEnd, row.from &- slack)
          late?.until = row.from &- edge
        }
        unnamed.narrow(.min, time < row.from &- slack ? row.from &- slack : time &+ 1)
      }
      if best != CodeRow.none {
        return Finding(kind: Self.kind(best, isImage, isLate: false), from: time, until: time &+ 1)
      }
    }
    if let found = late, !(found.from <= time && time < found.until) {
      return Finding(kind: found.kind, from: time, until: time &+ 1)
    }
    return late
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
        rows[Int(near.after)].formerEnd <= near.time
      {
        return .announcedTooLate
      }
      if near.before != CodeRow.none { reason = .unloaded }
    }
    return reason
  }
}
