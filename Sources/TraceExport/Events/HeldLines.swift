internal import TraceAnalysis

/// Events that are held before they are shown, each written but for its stack, so that its names
/// may still change.
///
/// - Guarantee: lines leave in the order they came; at most ``bytesMax`` are held.
struct HeldLines {
  struct Line {
    var time: Int64
    var bytes: [UInt8]
    /// Where in the bytes the stack goes.
    var place: Int
    var frames: [NamedFrame]
    fileprivate var tickets: [PendingTicket] = []
    fileprivate var cost: Int { bytes.count + frames.count * 64 + 96 }
  }

  static let bytesMax = 64 << 20
  private var lines: [Line] = []
  private var first = 0
  private var released = 0
  private var bytes = 0
  /// Where each frame that may change is: the line's number since the start, and the frame's.
  private var places: [PendingTicket: (line: Int, frame: Int)] = [:]

  /// Adds a line; `tickets` are the frames', where they have one.
  mutating func add(
    time: Int64, bytes added: [UInt8], place: Int, frames: [NamedFrame], tickets: [PendingTicket?]
  ) {
    var line = Line(time: time, bytes: added, place: place, frames: frames)
    for (index, ticket) in tickets.enumerated() {
      guard let ticket else { continue }
      places[ticket] = (released + lines.count - first, index)
      line.tickets.append(ticket)
    }
    bytes += line.cost
    lines.append(line)
  }

  /// Gives a frame its other name; false when its line has left.
  mutating func rename(_ ticket: PendingTicket, _ frame: NamedFrame) -> Bool {
    guard let place = places[ticket] else { return false }
    lines[first + place.line - released].frames[place.frame] = frame
    return true
  }

  /// The first line, if it is from before `time` or there is no room for it. Names that may still
  /// change are marked as such.
  ///
  /// - Parameter isOpen: whether the answer of a ticket may still change.
  mutating func popFirst(
    before time: Int64, isOpen: (PendingTicket) -> Bool
  ) -> Line? {
    guard first < lines.count, lines[first].time < time || bytes > Self.bytesMax else {
      return nil
    }
    var line = lines[first]
    for ticket in line.tickets {
      guard let place = places.removeValue(forKey: ticket), isOpen(ticket) else { continue }
      line.frames[place.frame].isProvisional = true
    }
    bytes -= line.cost
    first += 1
    released += 1
    if first > 1024, first * 2 > lines.count {
      lines.removeFirst(first)
      first = 0
    }
    return line
  }
}
