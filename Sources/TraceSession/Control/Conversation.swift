import TraceControl
import TraceEvents

/// A violation of the protocol by a process; its connection is closed.
enum ProtocolViolation: Error, Equatable, CustomStringConvertible {
  case message(ControlMessageError)
  case outOfTurn(String)
  case tooMany(String, limit: Int)
  case duplicateEvent(provider: String, id: UInt16)
  case foreignEvent(provider: String, claimed: String)
  case flood

  var description: String {
    switch self {
    case .message(let error): "it sent \(error)"
    case .outOfTurn(let what): "it sent \(what) out of turn"
    case .tooMany(let what, let limit): "it announced more than \(limit) \(what)"
    case .duplicateEvent(let provider, let id):
      "its provider \(provider) announced two events with id \(id)"
    case .foreignEvent(let provider, let claimed):
      "its provider \(provider) announced an event of provider \(claimed)"
    case .flood:
      "it sent more than \(ControlLimits.packetsPerSecond) control messages in a second"
    }
  }
}

/// The session's side of the protocol with one process, without sockets: parses packets, validates
/// their sequence, and returns their meaning.
struct Conversation {
  enum Event: Equatable {
    case hello(Hello)
    /// A provider was announced completely; its position in ``providers``.
    case registered(Int)
    case enabled(provider: Int, generation: UInt32)
    case captureStateDone(provider: Int, generation: UInt32)
    case refused(String)
    case notice(String)
    case missed(provider: Int, reason: MissedReason, count: UInt64)
  }

  private(set) var hello: Hello?
  /// The completely announced providers; another one may be in progress.
  private(set) var providers: [ProviderSchema] = []
  /// The memory that each provider takes.
  private(set) var providerBytes: [Int] = []
  private var open: ProviderSchema?
  private var openIDs: Set<UInt16> = []
  private var openBytes = 0
  private var schemaBytes = 0
  private var newBytes = 0
  private var allowance: PacketAllowance
  /// Number of answers that the session has requested.
  private var awaitedReplies = 0

  init(atNanoseconds now: UInt64) { allowance = PacketAllowance(atNanoseconds: now) }

  /// Called for each message that requires an answer; such answers do not count as a flood.
  mutating func expectReply() { awaitedReplies += 1 }

  /// Returns the memory taken by announcements since the last call.
  mutating func takeNewBytes() -> Int {
    defer { newBytes = 0 }
    return newBytes
  }

  /// Replaces a provider with an equal one, to share its memory.
  mutating func share(_ provider: ProviderSchema, at index: Int) { providers[index] = provider }

  /// Parses a packet; returns nil if it only adds to an announcement.
  mutating func receive(
    _ packet: UnsafeRawBufferPointer, descriptorCount: Int, atNanoseconds now: UInt64
  ) throws(ProtocolViolation) -> Event? {
    guard descriptorCount == 0 else { throw .message(.descriptors(descriptorCount)) }
    let message: AppMessage
    do { message = try AppMessage(packet: packet) } catch { throw .message(error) }
    if case .hello(let hello) = message {
      guard self.hello == nil else { throw .outOfTurn("a second Hello") }
      self.hello = hello
      newBytes += hello.memoryBytes
      return .hello(hello)
    }
    guard hello != nil else { throw .outOfTurn("a message before Hello") }
    // Announcements are limited by their total size instead.
    if let provider = Self.announcedProvider(message) {
      schemaBytes += packet.count
      guard schemaBytes <= ControlLimits.schemaBytes else {
        throw .tooMany("bytes of schemas", limit: ControlLimits.schemaBytes)
      }
      return try announce(message, provider: Int(provider))
    }
    if awaitedReplies > 0, message.isReply {
      awaitedReplies -= 1
    } else {
      guard allowance.takeOne(atNanoseconds: now) else { throw .flood }
    }
    return try reply(message)
  }

  private static func announcedProvider(_ message: AppMessage) -> UInt16? {
    switch message {
    case .registerProvider(let provider, _), .registerEvent(let provider, _),
      .registerDone(let provider):
      provider
    default: nil
    }
  }

  private mutating func announce(
    _ message: AppMessage, provider: Int
  ) throws(ProtocolViolation) -> Event? {
    guard provider == providers.count else { throw .outOfTurn("provider \(provider)") }
    switch message {
    case .registerProvider(_, let heading):
      guard open == nil else { throw .outOfTurn("a provider within another") }
      guard providers.count < ControlLimits.providers else {
        throw .tooMany("providers", limit: ControlLimits.providers)
      }
      open = heading
      openIDs = []
      openBytes = 0
      count(heading.headingMemoryBytes)
    case .registerEvent(_, let schema):
      guard let name = open?.name else { throw .outOfTurn("an event without a provider") }
      guard schema.provider == name else {
        throw .foreignEvent(provider: name, claimed: schema.provider)
      }
      guard openIDs.insert(schema.id).inserted else {
        throw .duplicateEvent(provider: name, id: schema.id)
      }
      var schema = schema
      // All events share one string.
      schema.provider = name
      open?.events.append(schema)
      count(schema.memoryBytes)
    default:
      guard let whole = open else { throw .outOfTurn("the end of a provider") }
      providers.append(whole)
      providerBytes.append(openBytes)
      open = nil
      return .registered(providers.count - 1)
    }
    return nil
  }

  private mutating func count(_ bytes: Int) {
    openBytes += bytes
    newBytes += bytes
  }

  private func reply(_ message: AppMessage) throws(ProtocolViolation) -> Event? {
    switch message {
    case .enabled(let provider, let generation):
      return .enabled(provider: try known(provider), generation: generation)
    case .captureStateDone(let provider, let generation):
      return .captureStateDone(provider: try known(provider), generation: generation)
    case .refused(let reason): return .refused(reason)
    case .notice(let text): return .notice(text)
    case .missed(let provider, let reason, let count):
      return .missed(provider: try known(provider), reason: reason, count: count)
    default: return nil
    }
  }

  private func known(_ provider: UInt16) throws(ProtocolViolation) -> Int {
    guard Int(provider) < providers.count else {
      throw .outOfTurn("an answer for provider \(provider)")
    }
    return Int(provider)
  }
}

extension AppMessage {
  fileprivate var isReply: Bool {
    switch self {
    case .enabled, .captureStateDone: true
    default: false
    }
  }
}
