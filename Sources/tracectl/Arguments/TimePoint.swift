import ArgumentParser
import Glibc
import TraceFormat

/// A time in a trace: relative to its start (`12.5`, `500ms`), or of the wall clock
/// (`2026-11-28T19:21:51.5Z`; with a space and ` UTC` as shown by `info`; with `+01:00`; without a
/// zone it is UTC).
enum TimePoint: Hashable {
  case sinceStart(nanoseconds: Int64)
  case wallClock(unixNanoseconds: Int64)

  init?(_ text: String) {
    if let span = TimeSpan(text) {
      self = .sinceStart(nanoseconds: span.nanoseconds)
    } else if let moment = Self.moment(text) {
      self = .wallClock(unixNanoseconds: moment)
    } else {
      return nil
    }
  }

  /// Nanoseconds since the trace's start.
  func nanoseconds(in file: TraceFile) -> Int64 {
    switch self {
    case .sinceStart(let nanoseconds): return nanoseconds
    case .wallClock(let moment):
      let (time, overflow) = moment.subtractingReportingOverflow(file.startUnixNanoseconds)
      return overflow ? (moment < 0 ? .min : .max) : time
    }
  }

  private static func moment(_ text: String) -> Int64? {
    let pattern =
      #/
      (\d{4})-(\d\d)-(\d\d)[T\x20]
      (\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?
      (?:\x20?UTC|Z|([+\-])(\d\d):?(\d\d))?
      /#
    guard let match = text.wholeMatch(of: pattern)?.output else { return nil }
    let numbers = [match.1, match.2, match.3, match.4, match.5].compactMap { Int32($0) }
    let second = match.6.flatMap { Int32($0) } ?? 0
    guard numbers.count == 5, (1...12).contains(numbers[1]), (1...31).contains(numbers[2]),
      numbers[3] < 24, numbers[4] < 60, second < 61
    else { return nil }
    var parts = tm()
    parts.tm_year = numbers[0] - 1900
    parts.tm_mon = numbers[1] - 1
    parts.tm_mday = numbers[2]
    parts.tm_hour = numbers[3]
    parts.tm_min = numbers[4]
    parts.tm_sec = second
    var seconds = Int64(timegm(&parts))
    if let sign = match.8, let hours = match.9.flatMap({ Int64($0) }),
      let minutes = match.10.flatMap({ Int64($0) })
    {
      seconds -= (sign == "-" ? -1 : 1) * (hours * 3600 + minutes * 60)
    }
    let digits = match.7.map(String.init) ?? ""
    let fraction = Int64(digits + String(repeating: "0", count: 9 - digits.count)) ?? 0
    let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, overflowAgain) = whole.addingReportingOverflow(fraction)
    return overflow || overflowAgain ? nil : sum
  }
}

extension TimePoint: ExpressibleByArgument {
  init?(argument: String) { self.init(argument) }
}

/// The part of a trace between two times.
enum TimeRange {
  /// Checks two times before the trace is read.
  static func check(from: TimePoint?, to: TimePoint?) throws(Failure) {
    switch (from, to) {
    case (.sinceStart(let from), .sinceStart(let to)), (.wallClock(let from), .wallClock(let to)):
      guard from <= to else { throw backwards }
    default: break
    }
  }

  /// The selected range; nil if neither end is given.
  static func closed(
    from: TimePoint?, to: TimePoint?, in file: TraceFile
  ) throws(Failure) -> ClosedRange<Int64>? {
    if from == nil, to == nil { return nil }
    let lower = from?.nanoseconds(in: file) ?? .min
    let upper = to?.nanoseconds(in: file) ?? .max
    guard lower <= upper else { throw backwards }
    return lower...upper
  }

  private static var backwards: Failure {
    Failure(.usage, "-from is after -to", next: "swap them")
  }
}
