import OSStrings
package import TraceEvents

/// What a process states about itself. Information from the kernel takes precedence.
package struct Hello: Hashable, Sendable {
  package var pid: UInt32
  package var uid: UInt32
  /// Field 22 of /proc/PID/stat: clock ticks after boot; 0 if unknown.
  package var startTime: UInt64
  /// Restartable sequences do not work in the process, so it needs a separate buffer set.
  package var wantsLockSet: Bool
  package var executable: String
  package var arguments: [String]

  package init(
    pid: UInt32, uid: UInt32, startTime: UInt64, wantsLockSet: Bool, executable: String,
    arguments: [String]
  ) {
    self.pid = pid
    self.uid = uid
    self.startTime = startTime
    self.wantsLockSet = wantsLockSet
    self.executable = executable
    self.arguments = arguments
  }
}

/// Why a process's events reached no session.
package enum MissedReason: UInt8, CaseIterable, Sendable {
  /// The events were emitted before the session had enabled them.
  case tooEarly = 1
  /// The provider's description does not contain the events.
  case undescribed = 2
}

/// A message from a traced process to a session.
///
///     process                                   session
///        │ Hello, then for each provider:          │
///        │ RegisterProvider, RegisterEvent …       │
///        │ RegisterDone ──────────────────────────▶│
///        │◀─────── Welcome + memory, once something is wanted
///        │◀─────── Grants, for each provider, again at each change
///        │ Enabled ───────────────────────────────▶│
///        │◀─────── CaptureState                    │
///        │ (events of the rundown, in the ring)    │
///        │ CaptureStateDone ──────────────────────▶│
///        │◀─────── Detach, or the socket's end     │
package enum AppMessage: ControlMessage {
  case hello(Hello)
  /// `provider` is the process's number for it: 0, 1, 2 …
  case registerProvider(provider: UInt16, heading: ProviderSchema)
  case registerEvent(provider: UInt16, schema: EventSchema)
  /// All events of the provider have been announced; the process now waits for its grants.
  case registerDone(provider: UInt16)
  /// The grants of this generation are in force.
  case enabled(provider: UInt16, generation: UInt32)
  case captureStateDone(provider: UInt16, generation: UInt32)
  /// The process refuses to be traced by this session, with the reason.
  case refused(reason: String)
  /// A message for the user of the session, for example about an event that cannot be announced.
  case notice(text: String)
  /// Events of the provider that were emitted and reached no session, since the last such message.
  case missed(provider: UInt16, reason: MissedReason, count: UInt64)

  package var kind: UInt8 {
    switch self {
    case .hello: 1
    case .registerProvider: 2
    case .registerEvent: 3
    case .registerDone: 4
    case .enabled: 5
    case .captureStateDone: 6
    case .refused: 7
    case .notice: 8
    case .missed: 9
    }
  }

  package func writeBody(to writer: inout ByteWriter) {
    switch self {
    case .hello(let hello): hello.write(to: &writer)
    case .registerProvider(let provider, let heading):
      writer.append(fixed: provider)
      heading.writeHeading(to: &writer)
    case .registerEvent(let provider, let schema):
      writer.append(fixed: provider)
      schema.write(to: &writer)
    case .registerDone(let provider): writer.append(fixed: provider)
    case .enabled(let provider, let generation), .captureStateDone(let provider, let generation):
      writer.append(fixed: provider)
      writer.append(fixed: generation)
    case .refused(let text), .notice(let text):
      writer.append(text, limit: ControlLimits.reasonBytes)
    case .missed(let provider, let reason, let count):
      writer.append(fixed: provider)
      writer.append(reason.rawValue)
      writer.append(fixed: count)
    }
  }

  package init(kind: UInt8, from reader: inout ByteReader) throws(ControlMessageError) {
    do {
      switch kind {
      case 1: self = .hello(try Hello(from: &reader))
      case 2:
        self = .registerProvider(
          provider: try reader.readFixed(), heading: try ProviderSchema(headingFrom: &reader))
      case 3:
        self = .registerEvent(
          provider: try reader.readFixed(), schema: try EventSchema(from: &reader))
      case 4: self = .registerDone(provider: try reader.readFixed())
      case 5:
        self = .enabled(provider: try reader.readFixed(), generation: try reader.readFixed())
      case 6:
        self = .captureStateDone(
          provider: try reader.readFixed(), generation: try reader.readFixed())
      case 7: self = .refused(reason: try reader.readString(limit: ControlLimits.reasonBytes))
      case 8: self = .notice(text: try reader.readString(limit: ControlLimits.reasonBytes))
      case 9:
        let provider: UInt16 = try reader.readFixed()
        let code = try reader.readUInt8()
        guard let reason = MissedReason(rawValue: code) else {
          throw reader.error(.unknownValue(UInt64(code)))
        }
        self = .missed(provider: provider, reason: reason, count: try reader.readFixed())
      default: throw ControlMessageError.unknownKind(kind)
      }
    } catch let error as ByteCodingError {
      throw .malformed(error)
    } catch {
      throw .unknownKind(kind)
    }
  }
}

extension Hello {
  fileprivate func write(to writer: inout ByteWriter) {
    writer.append(fixed: pid)
    writer.append(fixed: uid)
    writer.append(fixed: startTime)
    writer.append(flag: wantsLockSet)
    writer.append(osString: executable, limit: ControlLimits.executableBytes)
    var budget = ControlLimits.argumentBytes
    var sent: [String] = []
    for argument in arguments.prefix(ControlLimits.arguments) {
      guard budget > 0 else { break }
      sent.append(argument)
      budget -= argument.osBytes.count
    }
    writer.append(varint: UInt64(sent.count))
    budget = ControlLimits.argumentBytes
    for argument in sent {
      writer.append(osString: argument, limit: budget)
      budget -= min(budget, argument.osBytes.count)
    }
  }

  fileprivate init(from reader: inout ByteReader) throws(ByteCodingError) {
    pid = try reader.readFixed()
    uid = try reader.readFixed()
    startTime = try reader.readFixed()
    wantsLockSet = try reader.readFlag()
    executable = try reader.readOSString(limit: ControlLimits.executableBytes)
    let count = try reader.readCount(limit: ControlLimits.arguments)
    var budget = ControlLimits.argumentBytes
    arguments = []
    for _ in 0..<count {
      let bytes = try reader.readBytes(try reader.readCount(limit: budget))
      arguments.append(String(osBytes: bytes))
      budget -= bytes.count
    }
  }
}
