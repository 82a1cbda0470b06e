import TraceAnalysis
import TraceEvents
import TraceFormat

/// Counts the samples of a live trace by the function that was running, and corrects the counts
/// when a name becomes known later.
final class RunningFunctions {
  /// Number of samples by function.
  private(set) var samples: [String: Int] = [:]
  /// Number of events that are not counted, because the trace lost them or this consumer was too
  /// slow.
  private(set) var lostEvents: UInt64 = 0
  private let live: LiveTrace
  private let names: LiveSymbolizer

  init(_ live: LiveTrace) {
    self.live = live
    names = LiveSymbolizer(live.file)
    // Subscribe to events about code first, so that samples are named from all earlier
    // announcements.
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

  /// Passes the counts to `show` whenever events have arrived, until the trace ends; throws the
  /// reason if it ends early.
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
