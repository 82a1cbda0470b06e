import TestSupport

/// A trace in a directory of its own, for the tests of a report's command.
struct ReportedTrace {
  private let directory = TemporaryDirectory()

  /// - Parameter program: the executable of the process 7.
  init(of program: String = "/bin/shop", _ body: (inout SampledTrace) throws -> Void) throws {
    try make("t.etl") {
      $0.process(7, program)
      try body(&$0)
    }
    try make("empty.etl") { $0.sample(at: 1, pid: 7, stack: []) }
  }

  var path: String { place("t.etl") }
  /// A trace with no events of the report's.
  var empty: String { place("empty.etl") }

  func place(_ name: String) -> String { directory.path + "/" + name }

  private func make(_ name: String, _ body: (inout SampledTrace) throws -> Void) throws {
    var trace = try SampledTrace(path: place(name))
    try body(&trace)
    try trace.finish()
  }
}
