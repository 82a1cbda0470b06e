public import TraceAnalysis

/// The locks of a ``ContentionReport`` as comma-separated values, one row each.
public struct ContentionCSV: Renderer {
  public let format = OutputFormat("csv", fileExtensions: ["csv"], summary: "a table of locks")

  public init() {}

  private static let columns = [
    "kind", "type", "lock", "place", "count", "total_ns", "max_ns", "mean_ns", "p50_ns", "p90_ns",
    "p95_ns", "p99_ns", "p999_ns", "threads",
  ]

  /// Writes a heading and the rows, those of contended locks before those of other waits, each
  /// ended by CR LF. An unknown value is an empty cell.
  public func render(
    _ report: ContentionReport, _ options: RenderOptions, to output: inout OutputBuffer
  ) {
    output.writeCSV(
      Self.columns, report, rows: { $0.contended.locks + $0.notified.locks }
    ) { lock, _ in
      let waits = lock.waits
      return [
        lock.kind.rawValue, lock.type, lock.id.map(hexadecimal), lock.placeName, csv(waits.count),
        csv(waits.total_ns), csv(waits.max_ns), csv(waits.mean_ns), csv(waits.p50_ns),
        csv(waits.p90_ns), csv(waits.p95_ns), csv(waits.p99_ns), csv(waits.p999_ns),
        csv(lock.threads),
      ]
    }
  }
}

extension ContentionReport.Lock {
  /// The innermost function of the program at the place where most of the waiting was; nil if it is
  /// not known.
  var placeName: String? { places.first.flatMap { $0.frames.waiting } }
}

extension [StackFrame] {
  /// The innermost function that is neither the kernel's nor the C library's; if there is none, the
  /// innermost that is not the kernel's.
  var waiting: String? {
    let functions = filter { $0.kind == .function && $0.module != "[k]" }
    let own = functions.first {
      !$0.module.hasPrefix("libc.so") && !$0.module.hasPrefix("libpthread")
    }
    return (own ?? functions.first ?? first).map(\.name)
  }

  /// Without the kernel's frames, which are the same for every lock; all if there are no others.
  var withoutKernel: ArraySlice<StackFrame> {
    let own = drop { $0.module == "[k]" }
    return own.isEmpty ? self[...] : own
  }
}

/// Returns a number as the runtime's tools write it.
func hexadecimal(_ number: UInt64) -> String { "0x" + String(number, radix: 16) }
