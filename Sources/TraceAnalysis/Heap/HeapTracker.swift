internal import TraceEvents
internal import TraceFormat

/// Follows the sampled allocations of one process.
struct HeapTracker {
  /// Maximum number of places of a process, and of allocations that are live at a time.
  static let placesMax = 100_000
  static let liveMax = 1 << 20
  struct Key: Hashable {
    var stack: StackID
    var type: String
  }

  /// The objects of one type with one stack.
  struct Place {
    var key: Key
    /// A time at which the stack was recorded.
    var time: Int64
    var usage = HeapReport.Usage()
    var series = HeapSeries()
    /// Of the freed samples: the sum of their lifetimes, and their number.
    var lifetimes_ns: Double = 0
    var lifetimeCount = 0
    var oldest: Int64 = .max
  }

  private struct Live {
    var sample: UInt64
    var place: Int
    var amount: HeapReport.Amount
    var time: Int64
    /// Whether it was allocated in the report's time.
    var isCounted: Bool
    var isRundown: Bool
  }

  private(set) var sampling = HeapSampling()
  private(set) var places: [Place] = []
  private(set) var isCut = false
  private var numbers: [Key: Int] = [:]
  /// By address, because an address belongs to one object at a time even if its end was lost.
  private var live: [UInt64: Live] = [:]
  private let time: ClosedRange<Int64>
  /// Beginning of the places' series.
  private(set) var start: Int64?

  /// - Parameter time: the report's time.
  init(_ time: ClosedRange<Int64>?) { self.time = time ?? .min ... .max }

  mutating func add(_ event: HeapSampling) { sampling = event }

  mutating func add(_ event: HeapAlloc, _ header: EventHeader) {
    guard header.timestamp <= time.upperBound else { return }
    let isRundown = header.flags.contains(.rundown)
    if let known = live[event.address] {
      // The rundown may repeat an allocation, or be late.
      if known.sample >= event.sample {
        if known.sample == event.sample, known.isRundown, !isRundown { count(event, header) }
        return
      }
      end(event.address, at: header.timestamp)
    }
    guard live.count < Self.liveMax, let place = place(event, header) else { return isCut = true }
    let amount = HeapReport.Amount(event)
    let isCounted = !isRundown && header.timestamp >= time.lowerBound
    live[event.address] = Live(
      sample: event.sample, place: place, amount: amount, time: header.timestamp,
      isCounted: isCounted, isRundown: isRundown)
    if isCounted { places[place].usage.allocated += amount }
    change(place, by: amount, at: header.timestamp, isBefore: isRundown)
  }

  mutating func add(_ event: HeapFree, _ header: EventHeader) {
    guard header.timestamp <= time.upperBound else { return }
    guard let object = live[event.address], object.sample == event.sample else { return }
    if object.isRundown, header.flags.contains(.rundown) {
      // It was freed before the rundown told of it.
      live[event.address] = nil
      places[object.place].usage.inUse += object.amount.negated
      places[object.place].usage.before += object.amount.negated
    } else {
      end(event.address, at: header.timestamp)
    }
  }

  /// Returns the places as they are at the end of the report's time.
  func finished(at end: Int64) -> [Place] {
    var result = places
    for object in live.values {
      result[object.place].oldest = min(result[object.place].oldest, object.time)
    }
    guard let start else { return result }
    for index in result.indices { result[index].series.extend(to: end.subtractingClamped(start)) }
    return result
  }

  /// An allocation that was seen in the rundown before its own event.
  private mutating func count(_ event: HeapAlloc, _ header: EventHeader) {
    guard header.timestamp >= time.lowerBound, var object = live[event.address] else { return }
    (object.isRundown, object.isCounted) = (false, true)
    live[event.address] = object
    places[object.place].usage.allocated += object.amount
    places[object.place].usage.before += object.amount.negated
  }

  private mutating func end(_ address: UInt64, at now: Int64) {
    guard let object = live.removeValue(forKey: address) else { return }
    change(object.place, by: object.amount.negated, at: now, isBefore: false)
    guard now >= time.lowerBound else { return }
    places[object.place].lifetimes_ns += Double(max(0, now.subtractingClamped(object.time)))
    places[object.place].lifetimeCount += 1
    if object.isCounted { places[object.place].usage.freed += object.amount }
  }

  private mutating func change(
    _ place: Int, by amount: HeapReport.Amount, at now: Int64, isBefore: Bool
  ) {
    places[place].usage.inUse += amount
    guard now >= time.lowerBound, !isBefore else {
      return places[place].usage.before += amount
    }
    let start = start ?? max(time.lowerBound, now)
    self.start = start
    places[place].series.add(amount.bytes, at: now.subtractingClamped(start))
  }

  private mutating func place(_ event: HeapAlloc, _ header: EventHeader) -> Int? {
    let key = Key(stack: header.stack, type: event.type)
    if let number = numbers[key] { return number }
    guard places.count < Self.placesMax else { return nil }
    numbers[key] = places.count
    places.append(Place(key: key, time: header.timestamp))
    return places.count - 1
  }
}

extension HeapReport.Amount {
  /// Maximum weight: an allocation of one byte, sampled once in 2^62 bytes.
  private static let weightMax = 0x1p62

  /// What a sample stands for. A weight that no sampler computes counts as 1.
  init(_ event: HeapAlloc) {
    let isValid = event.weight >= 1 && event.weight <= Self.weightMax
    objects = isValid ? event.weight : 1
    bytes = objects * Double(event.size)
    samples = 1
  }

  /// A change for the end of a sample: its number wraps.
  var negated: Self { Self(samples: 0 &- samples, bytes: -bytes, objects: -objects) }

  static func += (sum: inout Self, other: Self) {
    sum.samples &+= other.samples
    sum.bytes += other.bytes
    sum.objects += other.objects
  }
}

extension HeapReport.Usage {
  static func += (sum: inout Self, other: Self) {
    sum.inUse += other.inUse
    sum.before += other.before
    sum.allocated += other.allocated
    sum.freed += other.freed
  }
}
