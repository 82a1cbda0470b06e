import TraceControl
import TraceEvents

/// What a process did that no process of ours does; its connection is closed.
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

/// The session's end of talking with one process, without sockets: takes packets, checks them
/// against each other, and says what they mean.
struct Conversation {
  enum Event: Equatable {
    case hello(Hello)
    /// A provider is known whole; its position in ``providers``.
    case registered(Int)
    case enabled(provider: Int, generation: UInt32)
    case captureStateDone(provider: Int, generation: UInt32)
    case refused(String)
    case notice(String)
    case missed(provider: Int, reason: MissedReason, count: UInt64)
  }

  private(set) var hello: Hello?
  /// Only those announced whole; the last may still be open.
  private(set) var providers: [ProviderSchema] = []
  /// The memory that each of them takes.
  private(set) var providerBytes: [Int] = []
  private var open: ProviderSchema?
  private var openIDs: Set<UInt16> = []
  private var openBytes = 0
  private var schemaBytes = 0
  private var newBytes = 0
  private var allowance: PacketAllowance
  /// Answers that the session has asked for.
  private var awaitedReplies = 0

  init(atNanoseconds now: UInt64) { allowance = PacketAllowance(atNanoseconds: now) }

  /// Called for each message that the process answers: an answer is no flood.
  mutating func expectReply() { awaitedReplies += 1 }

  /// The memory that what came since the last time takes.
  mutating func takeNewBytes() -> Int {
    defer { newBytes = 0 }
    return newBytes
  }

  /// Has an equal provider in place of its own, to share its memory.
  mutating func share(_ provider: ProviderSchema, at index: Int) { providers[index] = provider }

  /// Takes a packet; nil when it only adds to what is being announced.
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
    // Announcements are bounded by what may be announced at all.
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
      // One string for all of them.
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
