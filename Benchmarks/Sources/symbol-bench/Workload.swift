import TraceEvents
import TraceFormat

/// Programs of managed code as seen by a sampler: stacks that share their outer frames, few of them
/// hot, in long-lived methods, methods at reused addresses, libraries and the kernel.
struct Workload {
  static let processCount = 4
  static let threadsPerProcess = 2
  /// For each process: numbers of stacks, of long-lived methods, and of reused addresses.
  static let stacksPerProcess = 8_000
  static let coreMethods = 5_000
  static let churnSlots = 4_000
  static let slotBytes: UInt64 = 0x400

  static let coreBase: UInt64 = 0x7f10_0000_0000
  static let churnBase: UInt64 = 0x7f20_0000_0000
  static let imageBase: UInt64 = 0x7f80_0000_0000
  static let imageBytes: UInt64 = 0x40_0000
  static let imageCount = 10
  static let functionsPerImage = 500
  static let kernelBase: UInt64 = 0xffff_ffff_8100_0000

  var random: Xorshift
  /// The stacks of each process, innermost frame first.
  private(set) var stacks: [[[UInt64]]] = []
  private(set) var kernelStacks: [[UInt64]] = []

  init(seed: UInt64) {
    random = Xorshift(state: seed)
    for _ in 0..<200 {
      let depth = 3 + random.below(6)
      kernelStacks.append((0..<depth).map { _ in Self.kernelBase + random.word() % 0x100_0000 })
    }
    for _ in 0..<Self.processCount { stacks.append(makeStacks()) }
  }

  private mutating func makeStacks() -> [[UInt64]] {
    var outward: [[UInt64]] = [(0..<24).map { _ in frame(isInner: false) }]
    while outward.count < Self.stacksPerProcess {
      // Begins like another stack, and continues independently.
      let model = outward[random.below(outward.count)]
      let shared = min(model.count, 10 + random.below(20))
      let depth = max(20 + random.below(21), shared + 1)
      var stack = Array(model[..<shared])
      while stack.count < depth { stack.append(frame(isInner: stack.count + 8 >= depth)) }
      outward.append(stack)
    }
    return outward.map { $0.reversed() }
  }

  /// One of the eight call sites of a function: of ten, six are in methods, four in libraries.
  /// Short-lived methods are not among the common outer frames: they are a tenth of the inner
  /// frames.
  private mutating func frame(isInner: Bool) -> UInt64 {
    let offset = 0x40 + UInt64(random.below(8)) * 0x70
    switch random.below(10) {
    case 0 where isInner:
      return Self.churnBase + UInt64(random.below(Self.churnSlots)) * Self.slotBytes + offset
    case 0..<6:
      return Self.coreBase + UInt64(random.hot(Self.coreMethods)) * Self.slotBytes + offset
    default:
      let function = UInt64(random.hot(Self.imageCount * Self.functionsPerImage))
      let image = function / UInt64(Self.functionsPerImage)
      let place = function % UInt64(Self.functionsPerImage) * Self.slotBytes
      return Self.imageBase + image * Self.imageBytes + place + offset
    }
  }

  /// A random stack of a process, mostly a hot one. One of five leads into the kernel, in three
  /// ways.
  mutating func stack(of process: Int) -> [UInt64] {
    let number = random.hot(Self.stacksPerProcess)
    let own = stacks[process][number]
    guard number % 5 == 0, random.below(4) > 0 else { return own }
    return kernelStacks[(number + random.below(3)) % kernelStacks.count] + own
  }

  static func method(_ number: Int, at start: UInt64) -> MethodLoad {
    MethodLoad(
      methodID: UInt64(number + 1), startAddress: start, size: UInt32(slotBytes),
      tier: number % 3 == 0 ? .optimizedTier1 : .quickJitted,
      namespace: "com.example.service.package\(number % 97).Handler\(number / 7)",
      name: "process\(number)",
      signature: "(Ljava/lang/String;I)V")
  }

  static func unload(_ number: Int, at start: UInt64) -> MethodUnload {
    let load = method(number, at: start)
    return MethodUnload(
      methodID: load.methodID, startAddress: start, size: load.size, namespace: load.namespace,
      name: load.name, signature: load.signature)
  }
}

/// Marsaglia's generator: the same numbers for the same seed on every machine.
struct Xorshift {
  var state: UInt64

  mutating func word() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }

  mutating func below(_ limit: Int) -> Int { Int(word() % UInt64(limit)) }

  /// A number below the limit; low numbers are much more frequent: a tenth of them gets about half.
  mutating func hot(_ limit: Int) -> Int {
    let unit = Double(word() >> 11) / Double(1 << 53)
    return min(Int(unit * unit * unit * Double(limit)), limit - 1)
  }
}
