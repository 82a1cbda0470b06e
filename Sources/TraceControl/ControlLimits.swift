/// The bounds of the control protocol; both ends check what they receive against them.
package enum ControlLimits {
  /// Raised when a message changes its meaning; ends that differ part with a message.
  package static let protocolVersion: UInt8 = 1
  /// A packet is a message; a socket's buffer must hold one.
  package static let packetBytes = 64 << 10
  /// Providers a process may announce to a session.
  package static let providers = 256
  /// Events a provider may announce: an id each.
  package static let events = 4096
  /// Of all that a process announces, as it travels.
  package static let schemaBytes = 16 << 20
  package static let executableBytes = 4096
  package static let arguments = 128
  /// Of all arguments together; what is longer is cut by the process that tells of itself.
  package static let argumentBytes = 8192
  package static let reasonBytes = 512
  /// Sessions that a process emits to at once.
  package static let sessions = 8
  /// Session sockets that a process is connected to at once; those that enable nothing included.
  package static let links = 32
  /// Processes that a session is connected to at once.
  package static let processes = 16_384
  /// Packets of one peer that are handled before others get their turn.
  package static let packetsPerTurn = 64
  /// Packets a process may send in a second, over what announcing its providers takes.
  package static let packetsPerSecond = 2_000
  /// Packets that may wait for a peer that does not read; then it is given up.
  package static let queuedPackets = 8192
  package static let queuedBytes = 8 << 20
}
