/// The rings of a block's events, as runs of consecutive events.
struct StretchTable: ~Copyable {
  private var streams = GrowingBuffer<UInt64>(capacity: 64)
  private var cpus = GrowingBuffer<UInt64>(capacity: 64)
  private var starts = GrowingBuffer<Int>(capacity: 64)
  private var ticks = GrowingBuffer<UInt64>(capacity: 64)
  private var stream: UInt32 = 0
  private var cpu: UInt16 = 0
  private(set) var firstTicks = UInt64.max
  private(set) var lastTicks: UInt64 = 0
  /// Whether the next event continues the preceding stretch.
  private(set) var isOpen = false

  mutating func begin(stream: UInt32, cpu: UInt16, at position: Int) {
    if isOpen, stream == self.stream, cpu == self.cpu { return }
    self.stream = stream
    self.cpu = cpu
    isOpen = false
  }

  /// Opens a stretch whose first event is at `position`.
  @inline(never)
  mutating func open(at position: Int, ticks firstOfStretch: UInt64) {
    streams.append(UInt64(stream))
    cpus.append(UInt64(cpu))
    starts.append(position)
    ticks.append(firstOfStretch)
    isOpen = true
  }

  @inline(__always)
  mutating func cover(_ ticks: UInt64) {
    firstTicks = min(firstTicks, ticks)
    lastTicks = max(lastTicks, ticks)
  }

  mutating func encode(
    into target: inout GrowingBuffer<UInt8>, with encoder: inout ColumnEncoder, eventCount: Int
  ) {
    let count = streams.count
    target.append(varint: UInt64(count))
    encoder.encode(streams.base, count: count, into: &target)
    encoder.encode(cpus.base, count: count, into: &target)
    var lengths = GrowingBuffer<UInt64>(capacity: count)
    for index in 0..<count {
      let end = index + 1 < count ? starts[index + 1] : eventCount
      lengths.append(UInt64(end - starts[index]))
      ticks[index] -= firstTicks
    }
    encoder.encode(lengths.base, count: count, into: &target)
    encoder.encode(ticks.base, count: count, into: &target)
  }

  /// Prepares for the next block, whose first event opens a stretch of the same ring.
  mutating func removeAll() {
    streams.count = 0
    cpus.count = 0
    starts.count = 0
    ticks.count = 0
    firstTicks = .max
    lastTicks = 0
    isOpen = false
  }
}

/// The threads that wrote a block's events, as runs of consecutive events.
struct WriterTable: ~Copyable {
  private static let slotsMin = 256
  private var slots = GrowingBuffer<UInt32>(capacity: slotsMin)
  private var slotMask = slotsMin - 1
  private var processes = GrowingBuffer<UInt64>(capacity: 64)
  private var tids = GrowingBuffer<UInt64>(capacity: 64)
  private var runWriters = GrowingBuffer<UInt64>(capacity: 64)
  private var runStarts = GrowingBuffer<Int>(capacity: 64)
  private var lastKey: UInt64 = 0

  init() { slots.base.update(repeating: 0, count: Self.slotsMin) }

  @inline(__always)
  mutating func note(process: UInt32, tid: UInt32, at position: Int) {
    let key = UInt64(process) &<< 32 | UInt64(tid)
    if key != lastKey || runStarts.count == 0 { beginRun(key, at: position) }
  }

  @inline(never)
  private mutating func beginRun(_ key: UInt64, at position: Int) {
    lastKey = key
    runWriters.append(UInt64(writer(key)))
    runStarts.append(position)
  }

  private mutating func writer(_ key: UInt64) -> Int {
    var slot = Self.slot(key, slotMask)
    while slots.base[slot] != 0 {
      let index = Int(slots.base[slot]) - 1
      if processes.base[index] == key &>> 32, tids.base[index] == key & 0xffff_ffff { return index }
      slot = (slot &+ 1) & slotMask
    }
    processes.append(key &>> 32)
    tids.append(key & 0xffff_ffff)
    slots.base[slot] = UInt32(processes.count)
    if processes.count * 2 > slotMask { growSlots() }
    return processes.count - 1
  }

  private static func slot(_ key: UInt64, _ mask: Int) -> Int {
    Int(truncatingIfNeeded: (key &* 0x9e37_79b9_7f4a_7c15) &>> 40) & mask
  }

  private mutating func growSlots() {
    let larger = (slotMask + 1) * 4
    slots = GrowingBuffer<UInt32>(capacity: larger)
    slots.base.update(repeating: 0, count: larger)
    slotMask = larger - 1
    for index in 0..<processes.count {
      var slot = Self.slot(processes[index] &<< 32 | tids[index], slotMask)
      while slots[slot] != 0 { slot = (slot &+ 1) & slotMask }
      slots[slot] = UInt32(index + 1)
    }
  }

  mutating func encode(
    into target: inout GrowingBuffer<UInt8>, with encoder: inout ColumnEncoder, eventCount: Int,
    pidOf: (UInt32) -> UInt32
  ) {
    let count = processes.count
    target.append(varint: UInt64(count))
    encoder.encode(processes.base, count: count, into: &target)
    var pids = GrowingBuffer<UInt64>(capacity: count)
    for index in 0..<count { pids.append(UInt64(pidOf(UInt32(processes[index])))) }
    encoder.encode(pids.base, count: count, into: &target)
    encoder.encode(tids.base, count: count, into: &target)

    let runs = runStarts.count
    target.append(varint: UInt64(runs))
    encoder.encode(runWriters.base, count: runs, into: &target)
    var lengths = GrowingBuffer<UInt64>(capacity: runs)
    for index in 0..<runs {
      let end = index + 1 < runs ? runStarts[index + 1] : eventCount
      lengths.append(UInt64(end - runStarts[index]))
    }
    encoder.encode(lengths.base, count: runs, into: &target)
  }

  mutating func removeAll() {
    if processes.count > 0 { slots.base.update(repeating: 0, count: slotMask + 1) }
    processes.count = 0
    tids.count = 0
    runWriters.count = 0
    runStarts.count = 0
  }
}
