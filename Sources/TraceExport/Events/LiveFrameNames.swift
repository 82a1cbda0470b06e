internal import TraceAnalysis
internal import TraceFormat

/// Names while the trace is written: the names known immediately, and those found later.
final class LiveFrameNames {
  /// Maximum number of backfills collected before they are written.
  static let backfillsMax = 4096

  let symbolizer: LiveSymbolizer
  @exclusivity(unchecked) private var shown = ShownSymbols()
  private var backfills: [BackfillKey: Int] = [:]
  private var lines: [BackfillLine] = []
  /// Called first with a change. Returns true if it has handled the change, so that no record is
  /// written.
  var takes: ((PendingTicket, NamedFrame) -> Bool)?

  private struct BackfillKey: Hashable {
    var pid: UInt32
    var frame: NamedFrame
  }

  init(_ symbolizer: LiveSymbolizer) {
    self.symbolizer = symbolizer
    symbolizer.onChange = { [unowned self] change in note(change) }
  }

  /// Returns the name known now, and a ticket if it may change.
  func frame(
    _ address: UInt64, pid: UInt32, at time: Int64, isCaller: Bool
  ) -> (NamedFrame, PendingTicket?) {
    let answer = symbolizer.resolve(pid: pid, address: address, at: time, isCaller: isCaller)
    return (named(address, answer.resolution), answer.ticket)
  }

  private func named(_ address: UInt64, _ resolution: Resolution) -> NamedFrame {
    shown.frame(
      address, resolution, symbol: symbolizer.symbol, module: symbolizer.module)
  }

  private func note(_ change: LiveSymbolizer.ChangedAnswer) {
    let frame = named(change.address, change.resolution)
    if takes?(change.ticket, frame) == true { return }
    // A changed reason for a missing name is not reported.
    guard change.resolution.symbolID != nil || change.former.symbolID != nil else { return }
    let key = BackfillKey(pid: change.pid, frame: frame)
    if let known = backfills[key] {
      lines[known].times.append(change.timestamp)
    } else {
      backfills[key] = lines.count
      lines.append(BackfillLine(pid: change.pid, frame: frame, times: [change.timestamp]))
    }
  }

  var isFull: Bool { lines.count >= Self.backfillsMax }

  /// Removes and returns the changes since the last call, in the order they were found. Times
  /// ascend.
  func takeBackfills() -> [BackfillLine] {
    // Ids of forgotten symbols are reused, so the shown names must be looked up again.
    shown.forgetAll()
    defer { (backfills, lines) = ([:], []) }
    return lines.map { line in
      var line = line
      line.times.sort()
      return line
    }
  }
}
