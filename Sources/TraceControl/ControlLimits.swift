/// The bounds of the control protocol; both ends check what they receive against them.
package enum ControlLimits {
  /// Raised when the meaning of a message changes. Peers with different versions close the
  /// connection with a message.
  package static let protocolVersion: UInt8 = 1
  /// The size limit of a packet, which is one message. A socket's buffer must have room for one.
  package static let packetBytes = 64 << 10
  /// Providers a process may announce to a session.
  package static let providers = 256
  /// Events a provider may announce, each with an id.
  package static let events = 4096
  /// Encoded size of all announcements of a process.
  package static let schemaBytes = 16 << 20
  package static let executableBytes = 4096
  package static let arguments = 128
  /// Total size of all arguments; the announcing process truncates longer ones.
  package static let argumentBytes = 8192
  package static let reasonBytes = 512
  /// Sessions that a process emits to at once.
  package static let sessions = 8
  /// Session sockets that a process is connected to at once, including those of sessions that
  /// enable nothing.
  package static let links = 32
  /// Processes that a session is connected to at once.
  package static let processes = 16_384
  /// Packets of one peer that are handled before other peers' packets.
  package static let packetsPerTurn = 64
  /// Packets a process may send in a second, in addition to those that announce its providers.
  package static let packetsPerSecond = 2_000
  /// Packets that may be queued for a peer that does not read; beyond that, the connection is
  /// closed.
  package static let queuedPackets = 8192
  package static let queuedBytes = 8 << 20
}
