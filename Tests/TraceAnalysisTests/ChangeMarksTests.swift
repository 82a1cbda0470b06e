import TestSupport
import Testing
import TraceEvents

@testable import TraceAnalysis

/// Equal marks mean that two maps have received the same changes of an address in the same order.
@Suite(.randomized) struct ChangeMarksTests {
  /// A change of all addresses, of a process, or of a page of a process.
  enum Change: Equatable {
    case all
    case process(UInt32)
    case page(UInt32, UInt64)

    func mayAffect(_ pid: UInt32, _ page: UInt64) -> Bool {
      switch self {
      case .all: true
      case .process(let changed): changed == pid
      case .page(let changed, let changedPage): changed == pid && changedPage == page
      }
    }
  }

  static func marks(_ changes: [(serial: Int, change: Change)]) -> ChangeMarks {
    var marks = ChangeMarks()
    for (serial, change) in changes {
      switch change {
      case .all: marks.noteAll(UInt64(serial))
      case .process(let pid): marks.note(process: pid, UInt64(serial))
      case .page(let pid, let page):
        marks.note(pid, page << 12 + 16..<page << 12 + 32, UInt64(serial))
      }
    }
    return marks
  }

  /// In any order of the same changes, a mark is the same exactly if the order of those that affect
  /// its address is the same.
  @Test func marksTellTheOrderOfWhatAffectsAnAddress() {
    var random = SeededGenerator()
    var (equal, different) = (0, 0)
    for _ in 0..<300 {
      let changes = (1...5).map { serial -> (serial: Int, change: Change) in
        let (pid, page) = (UInt32(random.below(2)), UInt64(random.below(3)))
        let kind = random.below(8)
        return (serial, kind == 0 ? .all : kind == 1 ? .process(pid) : .page(pid, page))
      }
      var others = changes
      others.swapAt(random.below(5), random.below(5))
      let (marks, otherMarks) = (Self.marks(changes), Self.marks(others))
      for pid in 0..<2 as Range<UInt32> {
        for page in 0..<3 as Range<UInt64> {
          // Changes of a process and of all addresses count for each of its pages in turn: their
          // order with changes of the page matters, their order with those of other pages does not.
          let affecting = changes.filter { $0.change.mayAffect(pid, page) }.map(\.serial)
          let otherAffecting = others.filter { $0.change.mayAffect(pid, page) }.map(\.serial)
          let isSame =
            marks.mark(pid, page << 12 + 20) == otherMarks.mark(pid, page << 12 + 20)
          #expect(isSame == (affecting == otherAffecting), "\(changes), \(others)")
          if isSame { equal += 1 } else { different += 1 }
        }
      }
    }
    #expect(equal > 100 && different > 100)
  }

  @Test func aChangeOfManyPagesIsOneOfAllAddresses() {
    var marks = ChangeMarks()
    let former = marks.mark(9, 1 << 40)
    marks.note(1, 0..<1 << 30, 1)
    #expect(marks.mark(9, 1 << 40) != former)
  }
}

/// A queue by time is first in, first out where times are equal.
@Suite(.randomized) struct TimeQueueTests {
  @Test func elementsLeaveInOrderOfTimeThenOfArrival() {
    var random = SeededGenerator()
    var queue = TimeQueue<Int>()
    var expected: [(time: Int64, number: Int)] = []
    for number in 0..<5000 {
      // Mostly in order, as announcements are.
      let time = Int64(number) - (random.below(4) == 0 ? Int64(random.below(300)) : 0)
      queue.insert(time, number)
      expected.append((time, number))
      guard random.below(40) == 0 else { continue }
      let bound = Int64(number - random.below(200))
      expected.sort { ($0.time, $0.number) < ($1.time, $1.number) }
      #expect(queue.firstTime == expected.first?.time)
      while let (time, number) = queue.popFirst(upTo: bound) {
        #expect(expected.first.map { $0 == (time, number) } == true)
        expected.removeFirst()
      }
      #expect(expected.first.map { $0.time > bound } ?? true)
      #expect(queue.count == expected.count)
      var visited: Set<Int> = []
      queue.visit { visited.insert($0) }
      #expect(visited == Set(expected.map(\.number)))
    }
  }
}
