internal import TraceAnalysis

/// Events held before they are shown. Each is already rendered except for its stack, whose names
/// may still change.
///
/// - Guarantee: lines leave in order of arrival; at most ``bytesMax`` are held.
struct HeldLines {
  struct Line {
    var time: Int64
    var bytes: [UInt8]
    /// Position in the bytes at which the stack belongs.
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
  /// Position of each frame that may change: number of the line since the start, and of the frame.
  private var places: [PendingTicket: (line: Int, frame: Int)] = [:]

  /// Adds a line. `tickets` are those of the frames that have one.
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

  /// Changes the name of a frame. Returns false if its line has already left.
  mutating func rename(_ ticket: PendingTicket, _ frame: NamedFrame) -> Bool {
    guard let place = places[ticket] else { return false }
    lines[first + place.line - released].frames[place.frame] = frame
    return true
  }

  /// Removes and returns the first line if it is older than `time` or there is no room for it.
  /// Names that may still change are marked as provisional.
  ///
  /// - Parameter isOpen: returns whether the answer for a ticket may still change.
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
