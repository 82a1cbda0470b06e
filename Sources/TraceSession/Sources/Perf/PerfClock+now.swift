import TraceFormat
import TraceKernel

extension PerfClock {
  /// Looks at both clocks: once at the start, then before each round.
  mutating func look() { if !isMonotonic { look(.now(.counter)) } }
}
