import TraceFormat

/// What was lost since the last flush in one ring, or before any: the first losses one by one, so
/// that their times stay exact, and those that come after them added up, so that a program that
/// damages its ring over and over does not fill the file with its losses.
struct LossBatch {
  static let singleMax = 256

  private var singles = 0
  private var sums: [LossRecord] = []

  /// The record to write now; nil when it was added to others.
  mutating func add(_ record: LossRecord) -> LossRecord? {
    if singles < Self.singleMax {
      singles += 1
      return record
    }
    let known = sums.firstIndex {
      $0.cause == record.cause && $0.cpu == record.cpu && $0.processIndex == record.processIndex
    }
    guard let known else {
      sums.append(record)
      return nil
    }
    sums[known].count = sums[known].count.addingClamped(record.count)
    sums[known].fromTicks = min(sums[known].fromTicks, record.fromTicks)
    sums[known].toTicks = max(sums[known].toTicks, record.toTicks)
    return nil
  }

  /// The sums, once; begins anew.
  mutating func take() -> [LossRecord] {
    defer { self = LossBatch() }
    return sums
  }
}
