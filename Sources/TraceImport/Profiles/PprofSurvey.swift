/// What all samples of a profile have in common, found before they are converted.
struct PprofSurvey {
  /// Position of the type that tools show first.
  let shown: Int
  /// Nanoseconds of the shown type's unit, if it is CPU time.
  let cpuUnit_ns: UInt64?
  private(set) var hasLabels = false
  /// Position of the number of samples, if each sample stands for that many of ``period_ns`` and
  /// they can be written one by one.
  private(set) var countType: Int?
  private(set) var period_ns: UInt64 = 0

  private static let units_ns: [String: UInt64] = [
    "nanoseconds": 1, "microseconds": 1000, "milliseconds": 1_000_000, "seconds": 1_000_000_000,
  ]
  private static let singlesMax = 1 << 16

  init(_ profile: PprofProfile, shown: Int) {
    self.shown = shown
    let types = profile.types
    cpuUnit_ns = types[shown].name == "cpu" ? Self.units_ns[types[shown].unit] : nil
    // Samples of the same length can be told apart if there are only these types.
    var isEven = false
    if types.count == 2, cpuUnit_ns == 1 {
      isEven = types[1 - shown].name == "samples" && types[1 - shown].unit == "count"
    }
    var total: UInt64 = 0
    var sample = PprofSample()
    profile.forEachSample { range in
      guard sample.read(range, of: profile.bytes) else { return }
      if !sample.labels.isEmpty { hasLabels = true }
      guard isEven, sample.values.count == 2 else { return }
      let (count, time) = (sample.values[1 - shown], sample.values[shown])
      guard count > 0, time > 0, time % count == 0 else {
        isEven = false
        return
      }
      let period = UInt64(time / count)
      if period_ns == 0 { period_ns = period }
      total = total.addingReportingOverflow(UInt64(count)).overflow ? .max : total + UInt64(count)
      isEven = period == period_ns
    }
    let most = UInt64(max(Self.singlesMax, profile.bytes.count / 16))
    if isEven, total <= most { countType = 1 - shown }
  }
}

extension PprofProfile {
  /// Calls `body` with the place of each sample.
  func forEachSample(_ body: (Range<Int>) -> Void) {
    var fields = ProtobufFields(bytes, 0..<bytes.count)
    while let (number, value) = fields.next() {
      if number == 2, case .bytes(let range) = value { body(range) }
    }
  }
}
