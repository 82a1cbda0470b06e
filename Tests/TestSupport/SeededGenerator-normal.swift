import Glibc

extension SeededGenerator {
  /// Returns a number from 0 up to 1.
  public mutating func fraction() -> Double { Double(next() >> 11) / Double(1 << 53) }

  /// Returns a normally distributed number with mean 0 and deviation 1 (Box and Muller).
  public mutating func normal() -> Double {
    (-2 * log(1 - fraction())).squareRoot() * cos(2 * .pi * fraction())
  }

  /// Returns the number of events that happen by chance, `mean` on average.
  public mutating func poisson(_ mean: Double) -> UInt64 {
    if mean > 200 { return UInt64(max((mean + mean.squareRoot() * normal()).rounded(), 0)) }
    var left = fraction()
    var probability = exp(-mean)
    var count: UInt64 = 0
    while left > probability, count < 10_000 {
      left -= probability
      count += 1
      probability *= mean / Double(count)
    }
    return count
  }
}
