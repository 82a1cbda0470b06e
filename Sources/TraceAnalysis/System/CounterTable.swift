/// The last reading of a counter.
struct CounterReading<Event> {
  var event: Event
  var time: Int64
}

/// Counters of one kind, such as those of each disk: the last reading of each, and a sum.
struct CounterTable<Key: Hashable, Event, Sum> {
  private var last: [Key: CounterReading<Event>] = [:]
  private(set) var sums: [Key: Sum] = [:]

  func has(_ key: Key) -> Bool { sums[key] != nil }

  /// Adds a reading, and returns the one before; for the first one, the reading itself.
  ///
  /// - Parameter new: the sum before the first reading.
  mutating func add(
    _ event: Event, _ time: Int64, of key: Key, _ new: @autoclosure () -> Sum
  ) -> CounterReading<Event> {
    let reading = CounterReading(event: event, time: time)
    guard let before = last.updateValue(reading, forKey: key) else {
      sums[key] = new()
      return reading
    }
    return before
  }

  /// Changes the sum of a counter that has a reading.
  mutating func change(_ key: Key, _ body: (inout Sum) -> Void) {
    guard var sum = sums.removeValue(forKey: key) else { return }
    body(&sum)
    sums[key] = sum
  }
}
