/// Origin of an event: the properties shared by consecutive events of a block.
@usableFromInline
struct EventOrigin {
  @usableFromInline var stream: UInt32
  @usableFromInline var processIndex: UInt32
  @usableFromInline var pid: UInt32
  @usableFromInline var tid: UInt32
  @usableFromInline var cpu: UInt16
}

/// Consecutive events of a block from one ring.
struct Stretch {
  var stream: UInt32
  var cpu: UInt16
  var start: Int
  var end: Int
  var firstTicks: UInt64
}
