import TraceFormat
import TraceKernel

extension PerfClock {
  /// Reads both clocks: once at the start, then before each round.
  mutating func look() { if !isMonotonic { look(.now(.counter)) } }
}
