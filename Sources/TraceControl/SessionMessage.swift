package import TraceEvents

/// The message that a session sends to a process when it first wants events of it. Two descriptors
/// are attached: the buffer set's memory, and the socket that wakes the session's drain.
package struct Welcome: Hashable, Sendable {
  package var sessionID: UInt64
  /// The session's number of the process; never reused.
  package var processSlot: UInt32

  package init(sessionID: UInt64, processSlot: UInt32) {
    self.sessionID = sessionID
    self.processSlot = processSlot
  }

  /// The memory, then the socket. An emitter sends a byte to the socket when a ring fills.
  package static let descriptorCount = 2
}

/// A session's selection of one event type.
package struct Grant: Hashable, Sendable {
  package var eventID: UInt16
  /// The event's ref in the session's records; not 0 if the event is enabled.
  package var ref: UInt16
  package var isOn: Bool
  package var captureStack: Bool

  package init(eventID: UInt16, ref: UInt16, isOn: Bool, captureStack: Bool) {
    self.eventID = eventID
    self.ref = ref
    self.isOn = isOn
    self.captureStack = captureStack
  }
}

/// A session's selection of a provider's events; it replaces the previous one. Events without a
/// grant are disabled.
package struct ProviderGrants: Hashable, Sendable {
  package var provider: UInt16
  package var generation: UInt32
  /// The session's filter, for the provider's owner; nil if the provider is not enabled. The
  /// session has already applied it, and its other filters, to `grants`.
  package var filter: EnableFilter?
  package var grants: [Grant]

  package init(provider: UInt16, generation: UInt32, filter: EnableFilter?, grants: [Grant]) {
    self.provider = provider
    self.generation = generation
    self.filter = filter
    self.grants = grants
  }
}

/// A session's request that the process take CPU samples of itself; it replaces the previous
/// request.
package struct SamplingRequest: Hashable, Sendable {
  /// The ref of the System provider's SampledProfile in the session's records; not 0.
  package var ref: UInt16
  /// CPU time of a thread between two samples; 0 for no samples.
  package var interval_ns: UInt64

  package init(ref: UInt16, interval_ns: UInt64) {
    self.ref = ref
    self.interval_ns = interval_ns
  }

  /// The shortest interval. Shorter ones are raised to it, and longer ones than the longest are
  /// lowered to that.
  package static let intervalMin_ns: UInt64 = 50_000
  package static let intervalMax_ns: UInt64 = 3_600_000_000_000

  package var boundedInterval_ns: UInt64 {
    min(max(interval_ns, Self.intervalMin_ns), Self.intervalMax_ns)
  }
}

/// A message from a session to a traced process.
package enum SessionMessage: ControlMessage {
  case welcome(Welcome)
  case grants(ProviderGrants)
  /// Requests a rundown of existing state from the provider.
  case captureState(provider: UInt16, generation: UInt32)
  /// The session ends. Closing the socket has the same meaning.
  case detach
  /// The process answers with a notice if sampling is not possible.
  case sampling(SamplingRequest)
  /// The session rejects the process, with the reason; it then closes the connection.
  case refused(reason: String)

  package var kind: UInt8 {
    switch self {
    case .welcome: 1
    case .grants: 2
    case .captureState: 3
    case .detach: 4
    case .sampling: 5
    case .refused: 6
    }
  }

  package func writeBody(to writer: inout ByteWriter) {
    switch self {
    case .welcome(let welcome):
      writer.append(fixed: welcome.sessionID)
      writer.append(fixed: welcome.processSlot)
    case .grants(let grants): grants.write(to: &writer)
    case .captureState(let provider, let generation):
      writer.append(fixed: provider)
      writer.append(fixed: generation)
    case .detach: break
    case .sampling(let request):
      writer.append(fixed: request.ref)
      writer.append(fixed: request.interval_ns)
    case .refused(let reason): writer.append(reason, limit: ControlLimits.reasonBytes)
    }
  }

  package init(kind: UInt8, from reader: inout ByteReader) throws(ControlMessageError) {
    do {
      switch kind {
      case 1:
        self = .welcome(
          Welcome(sessionID: try reader.readFixed(), processSlot: try reader.readFixed()))
      case 2: self = .grants(try ProviderGrants(from: &reader))
      case 3:
        self = .captureState(provider: try reader.readFixed(), generation: try reader.readFixed())
      case 4: self = .detach
      case 5:
        let request = SamplingRequest(
          ref: try reader.readFixed(), interval_ns: try reader.readFixed())
        guard request.ref != 0 else { throw reader.error(.unknownValue(0)) }
        self = .sampling(request)
      case 6: self = .refused(reason: try reader.readString(limit: ControlLimits.reasonBytes))
      default: throw ControlMessageError.unknownKind(kind)
      }
    } catch let error as ByteCodingError {
      throw .malformed(error)
    } catch {
      throw .unknownKind(kind)
    }
  }
}

extension ProviderGrants {
  fileprivate func write(to writer: inout ByteWriter) {
    writer.append(fixed: provider)
    writer.append(fixed: generation)
    writer.append(flag: filter != nil)
    if let filter {
      writer.append(filter.level.rawValue)
      writer.append(fixed: filter.any.rawValue)
      writer.append(fixed: filter.all.rawValue)
    }
    writer.append(varint: UInt64(grants.count))
    for grant in grants {
      writer.append(fixed: grant.eventID)
      writer.append(fixed: grant.ref)
      writer.append((grant.isOn ? GrantBits.on : 0) | (grant.captureStack ? GrantBits.stack : 0))
    }
  }

  fileprivate init(from reader: inout ByteReader) throws(ByteCodingError) {
    provider = try reader.readFixed()
    generation = try reader.readFixed()
    if try reader.readFlag() {
      filter = EnableFilter(
        level: Level(rawValue: try reader.readUInt8()),
        any: Keywords(rawValue: try reader.readFixed()),
        all: Keywords(rawValue: try reader.readFixed()))
    }
    let count = try reader.readCount(limit: ControlLimits.events)
    guard reader.remaining >= count * GrantBits.bytes else { throw reader.error(.endOfBytes) }
    grants = []
    grants.reserveCapacity(count)
    for _ in 0..<count { grants.append(try Grant(from: &reader)) }
  }
}

private enum GrantBits {
  static let on: UInt8 = 1
  static let stack: UInt8 = 2
  /// Size of a grant in a packet.
  static let bytes = 5
}

extension Grant {
  fileprivate init(from reader: inout ByteReader) throws(ByteCodingError) {
    eventID = try reader.readFixed()
    guard Int(eventID) < EventSchema.idLimit else {
      throw reader.error(.unknownValue(UInt64(eventID)))
    }
    ref = try reader.readFixed()
    let bits = try reader.readUInt8()
    guard bits & ~(GrantBits.on | GrantBits.stack) == 0 else {
      throw reader.error(.unknownValue(UInt64(bits)))
    }
    isOn = bits & GrantBits.on != 0
    captureStack = bits & GrantBits.stack != 0
    guard !isOn || ref != 0 else { throw reader.error(.unknownValue(0)) }
  }
}
