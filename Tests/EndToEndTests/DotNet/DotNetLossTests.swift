import Glibc
import TestSupport
import Testing
import TraceEvents
import TraceFormat

extension EndToEnd {
  /// A runtime whose buffer is full because nobody reads: the program goes on, and each event that
  /// the runtime drops is counted.
  @Suite(.serialized, .needs(DotNetProgram.requirement)) struct DotNetLossTests {
    private struct Counts {
      var orders = 0
      /// The numbers of the events that the program emits to the end.
      var marks: [UInt64] = []
      var lost: UInt64 = 0

      init(_ path: String) throws {
        let file = try TraceFile(path: path)
        let replay = Replay(file)
        var counts = self
        replay.onAny { event in
          let schema = file.eventTypes[event.typeIndex].schema
          guard schema.provider == "Demo-Shop" else { return }
          if schema.name == "OrderPlaced" { counts.orders += 1 }
          if schema.name == "StockRead" { counts.marks.append(event.word(0)) }
        }
        replay.onLoss { counts.lost += $0.count }
        try replay.run()
        self = counts
      }
    }

    @Test(arguments: [DotNetProgram.Version.eight, .three])
    func everyDroppedEventIsCounted(version: DotNetProgram.Version) throws {
      let scratch = try Scratch()
      let program = try DotNetProgram.start("flood", in: scratch, version: version)
      let session = try scratch.collect(
        "Demo-Shop:0x3:5", to: "t.etl", "-p", "\(program.pid)")
      session.send(SIGSTOP)
      DotNetProgram.touch(scratch.path("go"))
      // 480 MB do not fit into the buffer of 256 MB.
      try waitUntil("the program goes on: \(program.output)", seconds: 180) {
        program.output.contains("flooded")
      }
      session.send(SIGCONT)
      try waitUntil("a later event arrives", seconds: 180) {
        (try? Counts(scratch.path("t.etl")).marks.isEmpty) == false
      }
      try session.interrupt()
      DotNetProgram.touch(scratch.path("stop"))
      try program.succeed()
      let counts = try Counts(scratch.path("t.etl"))
      #expect(counts.orders > 10_000 && counts.orders < 60_000, "\(counts.orders)")
      let marksLost = try Int(#require(counts.marks.last)) + 1 - counts.marks.count
      #expect(Int(counts.lost) == 61_000 - counts.orders + marksLost, "\(counts.orders)")
      // All who show the trace say so.
      #expect(session.output.contains("\(counts.lost)".grouped), "\(session.output)")
      #expect(session.output.contains("ask the runtime for fewer events"), "\(session.output)")
      for command in [["info"], ["dump", "-event", "StockRead"]] {
        let shown = try ChildProcess(
          Tools.tracectl, [command[0], scratch.path("t.etl")] + command.dropFirst(), in: scratch)
        _ = try shown.wait()
        #expect(
          shown.output.lowercased().contains("lost")
            && shown.output.contains("runtime's buffer full"),
          "\(command): \(shown.output)")
      }
    }
  }
}

extension String {
  /// A number's digits in groups of three.
  fileprivate var grouped: String {
    var text = ""
    for (index, digit) in enumerated() {
      if index > 0, (count - index).isMultiple(of: 3) { text.append(",") }
      text.append(digit)
    }
    return text
  }
}
