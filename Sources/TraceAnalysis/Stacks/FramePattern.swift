/// A pattern for frame names, in PerfView's syntax.
///
/// A pattern matches a name if it matches any part of it. `^` is the beginning of the name, `*` any
/// characters, `%` any characters of a word (letters, digits, `_`, `.`, `?`), and `|` separates
/// alternatives. Braces capture text for a group's `$1`. Case is ignored.
///
/// - Cost: at most the pattern's length times the name's, for any pattern.
public struct FramePattern: Sendable, CustomStringConvertible {
  public static let bytesMax = 1000

  private enum Step: Sendable {
    case byte(UInt8)
    case any
    case word
    case start
    /// Continues at the first target, and at the second if the first does not match.
    case either(Int, Int)
    case jump(Int)
    case mark(Int)
    case end
  }

  public let description: String
  private var steps: [Step] = []
  private var groupCount = 0

  /// Ranges of a match in a name: the whole match, then each pair of braces.
  struct Match {
    var captures: [Range<Int>?]
  }

  /// Throws an error with a full sentence if braces are unbalanced or the pattern is empty or too
  /// long.
  public init(_ text: String) throws(FramePatternError) {
    description = text
    guard !text.isEmpty else { throw FramePatternError("a pattern is empty") }
    guard text.utf8.count <= Self.bytesMax else {
      throw FramePatternError("a pattern is longer than \(Self.bytesMax) bytes")
    }
    var source = Array(text.utf8)[...]
    steps = [.mark(0)]
    try compileAlternatives(&source, depth: 0)
    guard source.isEmpty else { throw FramePatternError("'\(text)' has a '}' without a '{'") }
    steps += [.mark(1), .end]
  }

  private mutating func compileAlternatives(
    _ source: inout ArraySlice<UInt8>, depth: Int
  ) throws(FramePatternError) {
    guard depth < 50 else { throw FramePatternError("'\(description)' has too many braces") }
    var ends: [Int] = []
    var start = steps.count
    while let byte = source.first, byte != UInt8(ascii: "}") {
      source.removeFirst()
      switch byte {
      case UInt8(ascii: "|"):
        steps.insert(.either(0, 0), at: start)
        shift(from: start + 1, by: 1)
        ends.append(steps.count)
        steps.append(.jump(0))
        steps[start] = .either(start + 1, steps.count)
        start = steps.count
      case UInt8(ascii: "*"): compileRepeated(.any)
      case UInt8(ascii: "%"): compileRepeated(.word)
      case UInt8(ascii: "^"): steps.append(.start)
      case UInt8(ascii: "{"):
        groupCount += 1
        let group = groupCount
        steps.append(.mark(2 * group))
        try compileAlternatives(&source, depth: depth + 1)
        guard source.first == UInt8(ascii: "}") else {
          throw FramePatternError("'\(description)' has a '{' without a '}'")
        }
        source.removeFirst()
        steps.append(.mark(2 * group + 1))
      default: steps.append(.byte(lowercased(byte)))
      }
    }
    for end in ends { steps[end] = .jump(steps.count) }
  }

  private mutating func compileRepeated(_ step: Step) {
    let start = steps.count
    steps += [.either(start + 1, start + 3), step, .jump(start)]
  }

  /// Adjusts the jump targets of the steps from `start` on after an insertion moved these steps.
  private mutating func shift(from start: Int, by distance: Int) {
    for index in start..<steps.count {
      switch steps[index] {
      case .either(let first, let second):
        steps[index] = .either(first + distance, second + distance)
      case .jump(let target): steps[index] = .jump(target + distance)
      default: break
      }
    }
  }

  /// Returns whether the pattern matches a part of `name`.
  public func matches(_ name: String) -> Bool { match(Array(name.utf8)) != nil }

  /// Returns the leftmost match; repetitions are greedy.
  func match(_ name: [UInt8]) -> Match? {
    var search = Search(
      name: name, marks: [Int](repeating: -1, count: 2 * (groupCount + 1)),
      tried: [Bool](repeating: false, count: steps.count * (name.count + 1)))
    for start in 0...name.count where search.fits(steps, from: start) {
      return Match(
        captures: (0...groupCount).map { group in
          let (from, to) = (search.marks[2 * group], search.marks[2 * group + 1])
          return from >= 0 && to >= from ? from..<to : nil
        })
    }
    return nil
  }

  /// A depth-first search that tries no step twice at the same position: a failed attempt would
  /// only fail again.
  private struct Search {
    let name: [UInt8]
    var marks: [Int]
    var tried: [Bool]
    private var waiting: [(step: Int, position: Int, marks: [Int])] = []

    init(name: [UInt8], marks: [Int], tried: [Bool]) {
      self.name = name
      self.marks = marks
      self.tried = tried
    }

    mutating func fits(_ steps: [Step], from start: Int) -> Bool {
      waiting = [(0, start, marks)]
      while var (step, position, saved) = waiting.popLast() {
        walk: while !tried[step * (name.count + 1) + position] {
          tried[step * (name.count + 1) + position] = true
          switch steps[step] {
          case .byte(let wanted):
            guard position < name.count, lowercased(name[position]) == wanted else { break walk }
            (step, position) = (step + 1, position + 1)
          case .any:
            guard position < name.count else { break walk }
            (step, position) = (step + 1, position + 1)
          case .word:
            guard position < name.count, isWord(name[position]) else { break walk }
            (step, position) = (step + 1, position + 1)
          case .start:
            guard position == 0 else { break walk }
            step += 1
          case .either(let first, let second):
            waiting.append((second, position, saved))
            step = first
          case .jump(let target): step = target
          case .mark(let number):
            saved[number] = position
            step += 1
          case .end:
            marks = saved
            return true
          }
        }
      }
      return false
    }
  }
}

/// Describes an error in a pattern, as a sentence.
public struct FramePatternError: Error, Hashable, CustomStringConvertible {
  public var description: String

  init(_ description: String) { self.description = description }
}

private func lowercased(_ byte: UInt8) -> UInt8 {
  byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
}

/// Letters of other scripts consist of several bytes, all above ASCII.
private func isWord(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
    UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "_"), UInt8(ascii: "."),
    UInt8(ascii: "?"), 0x80...0xff:
    true
  default: false
  }
}
