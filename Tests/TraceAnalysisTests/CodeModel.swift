@testable import TraceAnalysis

/// A model of the code at each address and time, computed individually: the rules of
/// Docs/symbols.md without any optimization.
struct CodeModel {
  static let base: UInt64 = 0x1000
  static let addressCount = 48
  static let never = -1

  struct Life {
    var range: Range<Int>
    var from: Int64
    var until = Int64.max
    var formerEnd: Int64
    var identity: UInt64
    var name: UInt32
    /// A tombstone: the previous code had ended.
    var isEmptyPlace = false
    var isAnonymous = false
    var wasToldAtItsEndOnly = false
    var isDoubtful = false
    var hasEnded = false
    /// The maximum times by which its start, and its end, may have been earlier.
    var doubt: Int64 = 0
    var endDoubt: Int64 = 0
    /// Whether it may exist beyond its end.
    var isDoubted = false

    mutating func end(at time: Int64, doubt: Int64 = 0) {
      (until, endDoubt) = (time, min(doubt, from == .min ? doubt : time - from))
    }

    var canName: Bool { !isEmptyPlace && !isAnonymous }
    /// Whether it affects lookups.
    var counts: Bool { from < until || isEmptyPlace }
  }

  /// One source's announcements for one process.
  struct Space {
    var isImages: Bool
    var slack: Int64
    var lives: [Life] = []
    /// The last owner of each address.
    var owners = [Int](repeating: never, count: addressCount)

    func owners(in range: Range<Int>) -> [Int] {
      var found: [Int] = []
      for address in range where owners[address] != never && found.last != owners[address] {
        found.append(owners[address])
      }
      return found
    }

    mutating func add(_ life: Life, beneath newer: Set<Int>) {
      guard life.counts else { return }
      lives.append(life)
      for address in life.range {
        if newer.contains(owners[address]) {
          let above = owners[address]
          lives[above].formerEnd = max(lives[above].formerEnd, life.until)
        } else {
          owners[address] = lives.count - 1
        }
      }
    }

    /// Ends the code in a range; returns the time since which the range has been free, and later
    /// code.
    mutating func clear(
      _ range: Range<Int>, at time: Int64, wholeOnly: Bool = false, doubt: Int64 = 0
    ) -> (former: Int64, next: Life?, newer: Set<Int>) {
      var (former, newer) = (Int64.min, Set<Int>())
      var next: Life?
      for owner in owners(in: range) where lives[owner].from > time {
        if next.map({ lives[owner].from < $0.from }) ?? true { next = lives[owner] }
        former = max(former, min(lives[owner].formerEnd, time))
        newer.insert(owner)
      }
      for owner in owners(in: range) where lives[owner].until <= time {
        former = max(former, lives[owner].until)
      }
      // Read before any of them is changed.
      let there = owners(in: range).filter { lives[$0].from <= time && lives[$0].until > time }
      for owner in Set(there).sorted() {
        let life = lives[owner]
        if wholeOnly {
          if range.contains(life.range.lowerBound), life.range.upperBound <= range.upperBound {
            lives[owner].end(at: time)
          }
          continue
        }
        let isStale = life.isDoubtful && time - life.from <= slack
        if !isImages, isStale || life.from == time {
          lives[owner].from = life.formerEnd
          lives[owner].end(at: life.formerEnd)
          former = max(former, life.formerEnd)
        } else {
          if !isImages { lives[owner].end(at: time, doubt: doubt) }
          former = max(former, time)
        }
      }
      return (former, next, newer)
    }

    mutating func load(_ code: Life, at time: Int64, knowsBeginning: Bool) {
      var code = code
      let owner = owners[code.range.lowerBound]
      if owner != never {
        let same = lives[owner]
        if same.until == .max, same.range == code.range, same.name == code.name,
          same.identity == code.identity
        {
          if knowsBeginning, time < same.from, same.formerEnd <= time {
            (lives[owner].from, lives[owner].doubt) = (time, code.doubt)
          }
          return
        }
        let isTheOneThatEnded =
          same.wasToldAtItsEndOnly && isSame(same, code) && same.range == code.range
        if knowsBeginning, isTheOneThatEnded, same.until <= time, time - same.until <= slack {
          code.isDoubtful = true
        }
      }
      if !knowsBeginning { code.doubt = 0 }
      let (former, next, newer) = clear(code.range, at: time, doubt: code.doubt)
      code.from = knowsBeginning ? time : former
      if let next { code.end(at: next.from, doubt: next.doubt) }
      code.formerEnd = min(code.from, former)
      add(code, beneath: newer)
    }

    func isSame(_ life: Life, _ code: Life) -> Bool {
      guard life.range.lowerBound == code.range.lowerBound, !life.isEmptyPlace else { return false }
      return life.identity != 0 && code.identity != 0
        ? life.identity == code.identity : life.range == code.range
    }

    mutating func unload(_ code: Life, at time: Int64) {
      let owner = owners[code.range.lowerBound]
      if owner != never, isSame(lives[owner], code), lives[owner].from <= time,
        lives[owner].until == .max || !lives[owner].hasEnded
      {
        if lives[owner].until == .max || lives[owner].isDoubted { lives[owner].end(at: time) }
        lives[owner].isDoubted = false
        lives[owner].hasEnded = true
        return
      }
      guard code.name != 0 else { return }
      var (former, until, newer) = (Int64.min, time, Set<Int>())
      for other in owners(in: code.range) {
        if lives[other].until <= time {
          former = max(former, lives[other].until)
        } else {
          until = min(until, lives[other].from)
          former = max(former, lives[other].formerEnd)
          newer.insert(other)
        }
      }
      guard former < until else { return }
      var code = code
      code.doubt = 0
      (code.from, code.until, code.formerEnd) = (former, until, former)
      (code.wasToldAtItsEndOnly, code.hasEnded) = (true, true)
      add(code, beneath: newer)
    }

    mutating func move(_ code: Life, from old: Int, at time: Int64) {
      let owner = owners[old]
      guard owner != never, lives[owner].range.lowerBound == old, lives[owner].until == .max,
        lives[owner].from <= time,
        lives[owner].identity == code.identity || lives[owner].identity == 0 || code.identity == 0
      else { return vacate(code.range, at: time) }
      lives[owner].end(at: time)
      lives[owner].hasEnded = true
      var moved = code
      moved.doubt = 0
      (moved.name, moved.identity) = (lives[owner].name, lives[owner].identity)
      load(moved, at: time, knowsBeginning: true)
    }

    mutating func doubt(_ range: Range<Int>, at time: Int64) {
      for owner in Set(owners(in: range)) where lives[owner].until == .max {
        guard lives[owner].from < time else { continue }
        lives[owner].end(at: time)
        lives[owner].isDoubted = true
      }
    }

    mutating func vacate(_ range: Range<Int>, at time: Int64) {
      let (_, _, newer) = clear(range, at: time, wholeOnly: isImages)
      add(
        Life(
          range: range, from: time, until: time, formerEnd: time, identity: 0, name: 0,
          isEmptyPlace: true), beneath: newer)
    }
  }
}
