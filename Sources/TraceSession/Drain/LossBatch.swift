import TraceFormat

/// What one ring lost since the last flush: the first losses one by one, so that their times stay
/// exact, and those that come after them added up, so that a program that damages its ring over and
/// over does not fill the file with its losses.
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
    guard let known = sums.firstIndex(where: { $0.cause == record.cause && $0.cpu == record.cpu })
    else {
      sums.append(record)
      return nil
    }
    let (sum, overflow) = sums[known].count.addingReportingOverflow(record.count)
    sums[known].count = overflow ? .max : sum
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
