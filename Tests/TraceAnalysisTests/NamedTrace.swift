import TestSupport
import TraceFormat
import TraceSymbols

@testable import TraceAnalysis

/// A trace written for a test, and the names of its addresses.
final class NamedTrace {
  let file: TraceFile
  let symbolizer: Symbolizer
  private let directory = TemporaryDirectory()

  /// - Parameter isClosed: false for a trace whose collector was killed, so that it has no end.
  init(
    images: [any ImageSymbolProvider] = [], isClosed: Bool = true,
    options: SymbolizerOptions = SymbolizerOptions(), _ body: (inout SampledTrace) -> Void
  ) throws {
    let path = directory.path + "/named.etl"
    var trace = try SampledTrace(path: path)
    body(&trace)
    if isClosed { try trace.finish() } else { try trace.writer.flush() }
    file = try TraceFile(path: path)
    var options = options
    options.imageSymbols = images
    symbolizer = Symbolizer(file, options: options)
    try symbolizer.prepare()
  }

  /// The name of an address, with "~" if it was announced later and "?" if it is uncertain; if
  /// there is none, the reason in brackets.
  func name(
    _ address: UInt64, at time: Int64, pid: UInt32 = 7, isCaller: Bool = false
  ) -> String {
    switch symbolizer.resolve(pid: pid, address: address, at: time, isCaller: isCaller) {
    case .symbol(let id, _, let certainty):
      let mark = [NameCertainty.late: "~", .uncertain: "?"][certainty] ?? ""
      return symbolizer.symbol(id).name + mark
    case .unresolved(let reason, _): return "(\(reason.label))"
    }
  }

  func line(_ address: UInt64, at time: Int64, pid: UInt32 = 7) -> UInt32? {
    symbolizer.sourceLine(pid: pid, address: address, at: time, isCaller: false)?.line
  }

  /// The stacks of the samples as shown by `stacks`, outermost frame first, without their process,
  /// with their counts.
  func stacks(in times: ClosedRange<Int64>? = nil) throws -> [String] {
    var selection = StackSelection.samples
    selection.filter.time = times
    let collection = try StackCollection(file, selection, SymbolizerFrames(symbolizer))
    return StackModel.stacks(of: collection.tree, collection.frames).map { stack in
      "\(stack.frames.dropFirst().joined(separator: ";")) \(stack.metric.count)"
    }
  }
}

extension Int64 {
  /// Nanoseconds.
  static func ms(_ count: Int64) -> Int64 { count * 1_000_000 }
}

extension UInt64 {
  /// Nanoseconds.
  static func ms(_ count: UInt64) -> UInt64 { count * 1_000_000 }
}
