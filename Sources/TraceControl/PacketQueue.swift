/// A bounded queue of packets for a peer that does not receive them immediately.
package struct PacketQueue: ~Copyable {
  private struct Entry {
    var bytes: [UInt8]
    var descriptors: [Int32]
  }

  private var entries: [Entry] = []
  private var first = 0
  /// The number of queued bytes.
  package private(set) var byteCount = 0

  package init() {}

  package var isEmpty: Bool { first == entries.count }

  /// Sends the packet after the queued ones, or queues it if the peer has no room. The caller owns
  /// `descriptors` and must keep them open until the queue is empty.
  package mutating func send(
    _ packet: [UInt8], descriptors: [Int32] = [], to socket: Int32
  ) -> PacketResult {
    if isEmpty {
      let result = PacketSocket.send(packet, descriptors: descriptors, to: socket)
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
    while first < entries.count {
      let entry = entries[first]
      let result = PacketSocket.send(entry.bytes, descriptors: entry.descriptors, to: socket)
      guard result == .done else { return result }
      byteCount -= entry.bytes.count
      entries[first].bytes = []
      first += 1
    }
    entries.removeAll(keepingCapacity: false)
    first = 0
    return .done
  }
}
