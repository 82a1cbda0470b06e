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
  var takes: ((PendingTicket, StackAnswer) -> Bool)?

  private struct BackfillKey: Hashable {
    var pid: UInt32
    var frame: NamedFrame
  }

  init(_ symbolizer: LiveSymbolizer) {
    self.symbolizer = symbolizer
    symbolizer.onStackChange = { [unowned self] change in note(change) }
  }

  /// Returns the frames of a stack as they are shown with an event of that time. Names that may
  /// still change are marked as provisional.
  func frames(of answer: StackAnswer, isFinal: Bool) -> [NamedFrame] {
    var frames: [NamedFrame] = []
    frames.reserveCapacity(answer.addresses.count)
    for (index, address) in answer.addresses.enumerated() {
      guard address != StackNode.lostAddress else {
        frames.append(.lost)
        continue
      }
      var frame = named(address, answer.resolutions[index])
      frame.isProvisional = !isFinal && answer.mayChange(index)
      frames.append(frame)
    }
    return frames
  }

  private func named(_ address: UInt64, _ resolution: Resolution) -> NamedFrame {
    shown.frame(
      address, resolution, symbol: symbolizer.symbol, module: symbolizer.module)
  }

  private func note(_ change: LiveSymbolizer.ChangedStack) {
    if takes?(change.ticket, change.answer) == true { return }
    for index in change.changedFrames {
      let now = change.answer.resolutions[index]
      // A changed reason for a missing name is not reported.
      guard now.symbolID != nil || change.former.resolutions[index].symbolID != nil else {
        continue
      }
      let frame = named(change.answer.addresses[index], now)
      let key = BackfillKey(pid: change.pid, frame: frame)
      if let known = backfills[key] {
        lines[known].times.append(change.timestamp)
      } else {
        backfills[key] = lines.count
        lines.append(BackfillLine(pid: change.pid, frame: frame, times: [change.timestamp]))
      }
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
