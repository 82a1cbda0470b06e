internal import TraceEvents
internal import TraceFormat

/// Follows the compilations of one process, in order of time.
struct JITCounts {
  /// Maximum number of compilations of a process; later ones are not counted.
  static let compilationsMax = 1 << 18
  /// Maximum number of compilations that have begun and not ended.
  static let runningMax = 1 << 16

  private let selection: ClosedRange<Int64>?
  private(set) var code = LiveCode()
  private(set) var compilations: [Record] = []
  private(set) var tierChanges: [[MethodTier]: Int] = [:]
  private(set) var unloaded = 0
  private(set) var unloaded_bytes: UInt64 = 0
  private(set) var moved = 0
  private(set) var before = 0
  private(set) var before_bytes: UInt64 = 0
  private(set) var withoutCode = 0
  private var isFull = false
  /// Compilations that have begun, by thread and method.
  private var running: [Place: Beginning] = [:]
  /// The latest tier of each method that has had code.
  private var tiers: [UInt64: MethodTier] = [:]

  struct Record {
    var row: JITReport.Compilation
    /// The end of the compilation if its beginning is known.
    var end: Int64?
  }

  private struct Place: Hashable {
    var tid: UInt32
    var method: UInt64
  }

  private struct Beginning {
    var time: Int64
    var il: UInt32
  }

  init(selection: ClosedRange<Int64>?) { self.selection = selection }

  var isCut: Bool { isFull || code.isCut }
  /// Compilations that have begun and not ended.
  var runningCount: Int { running.values.count { selects($0.time) } }

  private func selects(_ time: Int64) -> Bool { selection?.contains(time) ?? true }

  mutating func begins(_ event: MethodJittingStarted, _ header: EventHeader) {
    guard running.count < Self.runningMax else {
      isFull = true
      return
    }
    let place = Place(tid: header.tid, method: event.methodID)
    let former = running.updateValue(
      Beginning(time: header.timestamp, il: event.ilSize), forKey: place)
    if let former, selects(former.time) { withoutCode += 1 }
  }

  mutating func loaded(_ event: MethodLoad, _ header: EventHeader) {
    let time = header.timestamp
    let isRundown = header.flags.contains(.rundown)
    // A rundown also reports code that is compiled while the session starts.
    let known = code.piece(at: event.startAddress, event.methodID, version: event.reJITID)
    if isRundown, known != nil { return }
    code.add(event.startAddress, LiveCode.Piece(event, isBefore: isRundown), at: time)
    var formerTier = tiers[event.methodID]
    if compilations.count < Self.compilationsMax { tiers[event.methodID] = event.tier }
    guard !isRundown else {
      before += 1
      before_bytes += UInt64(event.size)
      return
    }
    if let known, known.isBefore {
      before -= 1
      before_bytes -= UInt64(known.size)
      formerTier = nil
    }
    let beginning = running.removeValue(
      forKey: Place(tid: header.tid, method: event.methodID))
    let start = beginning?.time ?? time
    guard selects(start) else { return }
    guard compilations.count < Self.compilationsMax else {
      isFull = true
      return
    }
    if let formerTier, formerTier != event.tier {
      tierChanges[[formerTier, event.tier], default: 0] += 1
    }
    let row = JITReport.Compilation(
      methodID: event.methodID, method: event.shownName, tier: event.tier, start_ns: start,
      code_bytes: UInt64(event.size), il_bytes: beginning.map { UInt64($0.il) },
      isAgain: formerTier != nil)
    compilations.append(Record(row: row, end: beginning == nil ? nil : time))
  }

  mutating func unloaded(_ event: MethodUnload, _ header: EventHeader) {
    code.remove(event.startAddress, at: header.timestamp)
    guard selects(header.timestamp) else { return }
    unloaded += 1
    unloaded_bytes += UInt64(event.size)
  }

  mutating func moved(_ event: MethodMove, _ header: EventHeader) {
    code.move(event.oldStartAddress, to: event.newStartAddress, at: header.timestamp)
    if selects(header.timestamp) { moved += 1 }
  }
}

extension LiveCode.Piece {
  fileprivate init(_ event: MethodLoad, isBefore: Bool) {
    self.init(
      method: event.methodID, version: event.reJITID, size: event.size, isBefore: isBefore)
  }
}

extension MethodLoad {
  /// The name that stacks show for the method.
  fileprivate var shownName: String {
    var name = RuntimeName()
    name.compose(namespace: namespace, name: self.name, signature: signature)
    return name.bytes.withUnsafeBytes(RuntimeName.display)
  }
}
