import TraceFormat

/// The losses since the last flush in one ring, or outside of rings. The first losses are kept
/// individually, so that their times are exact; later ones are added up, so that a program that
/// damages its ring repeatedly does not fill the file with losses.
struct LossBatch {
  static let singleMax = 256

  private var singles = 0
  private var sums: [LossRecord] = []

  /// Adds a loss; returns the record to write now, or nil if it was added to others.
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

  /// Returns the sums, and resets the batch.
  mutating func take() -> [LossRecord] {
    defer { self = LossBatch() }
    return sums
  }
}
