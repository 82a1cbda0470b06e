/// A bounded queue of packets for a peer that does not receive them immediately.
///
/// Once the peer has closed its end, every result is `closed`, and the queue stays empty, so that
/// nobody waits for room. Packets that the peer sent before can still be received.
package struct PacketQueue: ~Copyable {
  private struct Entry {
    var bytes: [UInt8]
    var descriptors: [Int32]
  }

  private var entries: [Entry] = []
  private var first = 0
  private var isClosed = false
  /// The number of queued bytes.
  package private(set) var byteCount = 0

  package init() {}

  package var isEmpty: Bool { first == entries.count }

  /// Sends the packet after the queued ones, or queues it if the peer has no room. The caller owns
  /// `descriptors` and must keep them open until the queue is empty.
  package mutating func send(
    _ packet: [UInt8], descriptors: [Int32] = [], to socket: Int32
  ) -> PacketResult {
    guard !isClosed else { return .closed }
    if isEmpty {
      let result = PacketSocket.send(packet, descriptors: descriptors, to: socket)
      if result == .closed { close() }
      if result != .wouldBlock { return result }
    }
    byteCount += packet.count
    entries.append(Entry(bytes: packet, descriptors: descriptors))
    let isOver =
      entries.count - first > ControlLimits.queuedPackets
      || byteCount > ControlLimits.queuedBytes
    return isOver ? .failed(0) : .wouldBlock
  }

  /// Sends queued packets until the peer has no room.
  package mutating func flush(to socket: Int32) -> PacketResult {
    guard !isClosed else { return .closed }
    while first < entries.count {
      let entry = entries[first]
      let result = PacketSocket.send(entry.bytes, descriptors: entry.descriptors, to: socket)
      guard result == .done else {
        if result == .closed { close() }
        return result
      }
      byteCount -= entry.bytes.count
      entries[first].bytes = []
      first += 1
    }
    removeAll()
    return .done
  }

  private mutating func close() {
    isClosed = true
    removeAll()
  }

  private mutating func removeAll() {
    entries.removeAll(keepingCapacity: false)
    first = 0
    byteCount = 0
  }
}
