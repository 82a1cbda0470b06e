import TraceAnalysis
import TraceEvents
import TraceFormat

/// Which functions run now: counts the samples of a live trace by their innermost function, and
/// moves those whose name comes later.
final class RunningFunctions {
  /// Samples by function.
  private(set) var samples: [String: Int] = [:]
  /// Events that are in no count: the trace lost them, or this consumer was too slow.
  private(set) var lostEvents: UInt64 = 0
  private let live: LiveTrace
  private let names: LiveSymbolizer

  init(_ live: LiveTrace) {
    self.live = live
    names = LiveSymbolizer(live.file)
    // First what tells of code: a sample then finds all that came before it.
    names.subscribe(to: live.replay)
    names.onChange = { [unowned self] change in
      samples[name(change.former), default: 0] -= 1
      samples[name(change.resolution), default: 0] += 1
    }
    live.replay.on(SampledProfile.self) { [unowned self] _, header in
      guard let address = live.file.stack(header.stack).first else { return }
      let answer = names.resolve(
        pid: header.pid, address: address, at: header.timestamp, isCaller: false)
      samples[name(answer.resolution), default: 0] += 1
    }
    live.replay.onLoss { [unowned self] loss in lostEvents += loss.count }
  }

  private func name(_ resolution: Resolution) -> String {
    resolution.symbolID.map { names.symbol($0).name } ?? "?"
  }

  /// Shows the counts each time that events have come, until the trace ends; throws why, where it
  /// does so early.
  func run(show: (RunningFunctions) -> Void) throws {
    while true {
      switch try live.next() {
      case .blocks: show(self)
      case .nothing: continue
      case .end: return
      }
    }
  }
}
