internal import TraceAnalysis
internal import TraceFormat

/// Names while the trace is written: the names known immediately, and those found later.
///
/// - Trap: rendered frames are kept, so all of them must be of one format.
final class LiveFrameNames {
  /// Maximum number of backfills collected before they are written.
  static let backfillsMax = 4096

  let symbolizer: LiveSymbolizer
  @exclusivity(unchecked) private var shown = ShownSymbols()
  private let texts = FrameTexts()
  /// Texts of the frames of the stack that is rendered.
  @exclusivity(unchecked) private var rendered: [ByteSlice] = []
  @exclusivity(unchecked) private var scratch = OutputBuffer(collecting: 64 << 10)
  /// ``LiveSymbolizer/idChanges`` when names were last discarded.
  @exclusivity(unchecked) private var idChanges: UInt64 = 0
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
  ///
  /// - Guarantee: the frames are valid until the next call.
  func frames(
    of answer: StackAnswer, isFinal: Bool, in format: some EventFormat
  ) -> RenderedStack {
    // Ids of forgotten symbols are reused.
    if idChanges != symbolizer.idChanges { forgetNames() }
    if texts.isFull { texts.forgetAll() }
    rendered.removeAll(keepingCapacity: true)
    for (index, address) in answer.addresses.enumerated() {
      let isLost = address == StackNode.lostAddress
      let resolution = answer.resolutions[index]
      let isProvisional = !isFinal && !isLost && answer.mayChange(index)
      let key = FrameTexts.Key(address, resolution, isProvisional: isProvisional)
      if let text = texts.text(key) {
        rendered.append(text)
        continue
      }
      var frame = isLost ? .lost : named(address, resolution)
      frame.isProvisional = isProvisional
      render(frame, in: format)
      rendered.append(texts.keep(key, scratch))
    }
    return RenderedStack(addresses: answer.addresses, texts: rendered)
  }

  private func render(_ frame: NamedFrame, in format: some EventFormat) {
    // An escape takes at most six bytes per byte.
    let bytes = frame.module.utf8.count + frame.function.utf8.count + frame.reason.utf8.count
    let bound = 6 * bytes + 256
    if bound > scratch.capacity { scratch = OutputBuffer(collecting: bound) }
    scratch.removeAll()
    format.write(frame: frame, to: &scratch)
  }

  private func forgetNames() {
    idChanges = symbolizer.idChanges
    shown.forgetAll()
    texts.forgetAll()
  }

  private func named(_ address: UInt64, _ resolution: Resolution) -> NamedFrame {
    shown.frame(
      address, resolution, symbol: symbolizer.symbol, module: symbolizer.module)
  }

  private func note(_ change: LiveSymbolizer.ChangedStack) {
    if takes?(change.ticket, change.answer) == true { return }
    if idChanges != symbolizer.idChanges { forgetNames() }
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
    defer { (backfills, lines) = ([:], []) }
    return lines.map { line in
      var line = line
      line.times.sort()
      return line
    }
  }
}
