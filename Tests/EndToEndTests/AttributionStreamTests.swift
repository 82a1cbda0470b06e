import Glibc
import TestSupport
import Testing
import TraceAnalysis
import TraceEvents
import TraceFormat

extension EndToEnd {
  /// Like ``AttributionTests``, during recording: answers are immediate, and correct after the
  /// backfills.
  @Suite struct AttributionStreamTests {
    /// A looked-up frame, and its current answer.
    struct Frame {
      var address: UInt64
      var time: Int64
      var name: String?
      var reason = ""
    }

    /// Follows a growing file, as `dump -follow` does.
    final class Follower {
      private(set) var frames: [Frame] = []
      private(set) var unnamedAtFirst = 0
      private var waiting: [PendingTicket: Int] = [:]
      let file: TraceFile
      let names: LiveSymbolizer
      let replay: Replay

      init(_ file: TraceFile) {
        self.file = file
        names = LiveSymbolizer(file)
        replay = Replay(file)
        names.subscribe(to: replay)
        names.onBackfill = { [unowned self] ticket, resolution in
          if let frame = waiting[ticket] { note(resolution, frame) }
        }
        replay.on(SampledProfile.self) { [unowned self] _, header in ask(header) }
      }

      private func ask(_ header: EventHeader) {
        for (depth, address) in file.stack(header.stack).enumerated() where address >> 63 == 0 {
          let answer = names.resolve(
            pid: header.pid, address: address, at: header.timestamp, isCaller: depth > 0)
          if let ticket = answer.ticket { waiting[ticket] = frames.count }
          if answer.resolution.symbolID == nil { unnamedAtFirst += 1 }
          let place = depth > 0 ? address - 1 : address
          frames.append(Frame(address: place, time: header.timestamp))
          note(answer.resolution, frames.count - 1)
        }
      }

      private func note(_ resolution: Resolution, _ frame: Int) {
        switch resolution {
        case .symbol(let id, _, _): frames[frame].name = names.symbol(id).name
        case .unresolved(let reason, _):
          frames[frame].name = nil
          frames[frame].reason = "\(reason)"
        }
      }

      func run(until ended: () -> Bool) throws {
        while true {
          let isLast = file.isComplete || ended()
          _ = try file.refresh()
          try replay.run()
          if isLast { break }
          usleep(50_000)
        }
        names.finish()
      }
    }

    func follow(_ announce: String) throws -> (Follower, Oracle, TraceFile) {
      let scratch = try Scratch()
      let churn = try AttributionTests.Churn(announce, rate: 1999, in: scratch)
      var file: TraceFile?
      try waitUntil("the file begins; its output: \(churn.collection.output)") {
        file = try? TraceFile(path: churn.trace)
        return file != nil
      }
      let follower = Follower(try #require(file))
      try follower.run { false }
      return (follower, try churn.oracle(), follower.file)
    }

    @Test(
      .needs(.kernelSamples), arguments: ["early", "late:50", "unload-only"])
    func afterBackfillEveryNameIsRight(announce: String) throws {
      let (follower, oracle, file) = try follow(announce)
      #expect(oracle.ended >= 3000)
      let start = file.session.start.monotonicNanoseconds
      var right = 0
      var wrong: [String] = []
      for frame in follower.frames {
        guard
          let life = oracle.life(at: frame.address, ns: start &+ UInt64(bitPattern: frame.time))
        else { continue }
        if frame.name.map(AttributionTests.function) == life.name {
          right += 1
        } else {
          wrong.append("\(frame.name ?? frame.reason) for \(life.name) at \(frame.time)")
        }
      }
      #expect(right >= 100)
      #expect(wrong.isEmpty, "of \(right): \(wrong.prefix(5))")
      if announce != "early" { #expect(follower.names.statistics.backfilled > 0) }
    }

    @Test(.needs(.kernelSamples))
    func whatIsNeverAnnouncedStaysWithoutAName() throws {
      let (follower, oracle, file) = try follow("never")
      let start = file.session.start.monotonicNanoseconds
      let jitted = follower.frames.filter {
        oracle.life(at: $0.address, ns: start &+ UInt64(bitPattern: $0.time)) != nil
      }
      #expect(jitted.count >= 100)
      #expect(jitted.allSatisfy { $0.name == nil && $0.reason == "neverAnnounced" })
    }
  }
}
