import Glibc

/// minivm's own log of the functions' addresses and lifetimes, which is independent of the engine.
struct Oracle {
  struct Life {
    var name: String
    var start: UInt64
    var size: UInt64
    var from_ns: UInt64
    var until_ns: UInt64
  }

  /// By start address, each list in order of time.
  private(set) var lives: [UInt64: [Life]] = [:]
  private var starts: [UInt64] = []
  private var sizeMax: UInt64 = 0
  private(set) var ended = 0

  /// Lines are `begin|end ns ticks start size serial name`.
  init(path: String) throws {
    for line in try readText(path).split(separator: "\n") {
      let fields = line.split(separator: " ", maxSplits: 6)
      guard fields.count == 7, let time = UInt64(fields[1]),
        let start = UInt64(fields[3], radix: 16), let size = UInt64(fields[4])
      else { continue }
      if fields[0] == "begin" {
        lives[start, default: []].append(
          Life(
            name: String(fields[6]), start: start, size: size, from_ns: time, until_ns: .max))
        sizeMax = max(sizeMax, size)
      } else if let last = lives[start]?.indices.last {
        lives[start]![last].until_ns = time
        ended += 1
      }
    }
    starts = lives.keys.sorted()
  }

  /// Number of times that an address was reused.
  var reuses: Int { lives.values.reduce(0) { $0 + $1.count - 1 } }

  /// The function at an address at a time.
  func life(at address: UInt64, ns: UInt64) -> Life? {
    var index = firstStart(above: address)
    while index > 0 {
      index -= 1
      let start = starts[index]
      if address - start >= sizeMax { return nil }
      for life in lives[start]!
      where address - start < life.size && life.from_ns <= ns && ns < life.until_ns {
        return life
      }
    }
    return nil
  }

  private func firstStart(above address: UInt64) -> Int {
    var (low, high) = (0, starts.count)
    while low < high {
      let middle = (low + high) / 2
      if starts[middle] <= address { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
