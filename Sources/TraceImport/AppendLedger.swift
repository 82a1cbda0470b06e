internal import TraceFormat

/// What became of the events that an import has appended to a trace.
struct AppendLedger {
  /// The error that ended the output; nothing is appended after it.
  private(set) var failure: FormatError?
  /// The number of events that a trace cannot hold.
  private(set) var refused: UInt64 = 0

  /// Appends with `body`.
  @inline(__always)
  mutating func append(_ body: () throws(FormatError) -> Void) {
    guard failure == nil else { return }
    do throws(FormatError) { try body() } catch { note(error) }
  }

  private mutating func note(_ error: FormatError) {
    switch error {
    case .unacceptableEvent, .unacceptableSchema: refused += 1
    default: failure = error
    }
  }

  mutating func refuse() { refused += 1 }
}
