import Glibc
import TraceControl
import TraceEvents

/// A process's connection to one session. Used only on the control thread.
final class SessionLink {
  let found: RuntimeWatch.Found
  let socket: Int32
  private var queue = PacketQueue()
  private(set) var isOver = false
  /// Whether the session ended without closing properly.
  private var isCutOff = false
  /// The session's slot, once it has sent its memory.
  private var slot: Int?
  private enum Answer {
    case awaited
    /// The filter of the session; nil if it does not want the provider.
    case given(EnableFilter?)
  }

  /// The session's last answer for each announced provider.
  private var answers: [Answer] = []
  /// Providers with counted events that are reported to the session after its first answer.
  private var hasMissed: Set<Int> = []
  /// Number of undescribed events of each provider already reported to the session.
  private var undescribed: [Int: UInt64] = [:]
  /// Notes of providers that were already sent to the session.
  private var toldNotes: [Int: Set<String>] = [:]
  /// Whether the session's process started this one.
  let isExpected: Bool

  var hasQueuedPackets: Bool { !queue.isEmpty }

  /// The number of providers, from the first, that were announced to the session and that it has
  /// answered for.
  var settledCount: Int {
    answers.firstIndex { if case .awaited = $0 { true } else { false } } ?? answers.count
  }

  init(_ found: RuntimeWatch.Found, socket: Int32, hello: Hello, isExpected: Bool) {
    self.found = found
    self.socket = socket
    self.isExpected = isExpected
    send(.hello(hello))
  }

  /// Detaches from the session's memory and closes the socket.
  func close() {
    isOver = true
    if let slot { SessionSlots.detach(slot: slot, keepsBuffers: isCutOff) }
    slot = nil
    OpenDescriptors.close(socket)
  }

  // MARK: Sending

  /// Announces providers that are new to the session.
  func announce(_ providers: [RegisteredProvider]) {
    while answers.count < providers.count, !isOver {
      let index = answers.count
      if index < ControlLimits.providers {
        answers.append(.awaited)
        if !providers[index].isSettled { hasMissed.insert(index) }
        announce(providers[index].schema, UInt16(index))
        for fault in providers[index].faults { tell(fault, of: providers[index]) }
      } else {
        answers.append(.given(nil))
        let text =
          "it has more than \(ControlLimits.providers) providers; the rest cannot be traced"
        if index == ControlLimits.providers { send(.notice(text: text)) }
      }
    }
  }

  private func announce(_ schema: ProviderSchema, _ index: UInt16) {
    let heading = AppMessage.registerProvider(provider: index, heading: schema)
    if heading.encoded().count <= ControlLimits.packetBytes {
      send(heading)
    } else {
      send(
        .registerProvider(provider: index, heading: ProviderSchema(name: schema.name, events: [])))
      send(.notice(text: "the keywords of provider \(schema.name) have names too long to send"))
    }
    for event in schema.events {
      let message = AppMessage.registerEvent(provider: index, schema: event)
      if message.encoded().count <= ControlLimits.packetBytes {
        send(message)
      } else {
        send(.notice(text: "event \(schema.name)/\(event.name) has a schema too large to send"))
      }
    }
    send(.registerDone(provider: index))
  }

  private func tell(_ fault: String, of provider: RegisteredProvider) {
    send(.notice(text: "its provider '\(provider.schema.name)': \(fault)"))
  }

  /// Sends the notes of providers about events that the session has enabled.
  func tellNotes(_ providers: [RegisteredProvider]) {
    guard let slot else { return }
    for (index, answer) in answers.enumerated() where index < providers.count {
      guard case .given(.some(let filter)) = answer, !filter.any.isEmpty else { continue }
      for text in providers[index].notes(slot: slot)
      where toldNotes[index, default: []].insert(text).inserted {
        tell(text, of: providers[index])
      }
    }
  }

  /// Reports errors found by emitters.
  func tell(_ findings: [EmitFindings.Finding]) {
    for finding in findings { tell(finding.text, of: finding.provider) }
  }

  /// Reports the number of undescribed events since the last report.
  func countUndescribed(_ findings: [EmitFindings.Finding]) {
    var counts: [Int: UInt64] = [:]
    for finding in findings {
      guard case .undescribed = finding.kind else { continue }
      counts[finding.provider.position, default: 0] += finding.provider.ledger.count(finding.id)
    }
    for (index, count) in counts.sorted(by: { $0.key < $1.key }) where isWanted(index) {
      let told = undescribed[index, default: 0]
      guard count > told else { continue }
      undescribed[index] = count
      send(.missed(provider: UInt16(index), reason: .undescribed, count: count - told))
    }
  }

  private func isWanted(_ index: Int) -> Bool {
    guard index < answers.count, case .given(.some) = answers[index] else { return false }
    return true
  }

  /// Reports, once, how many wanted events were emitted before the session's answer.
  private func countTooEarly(_ index: Int, _ provider: RegisteredProvider, _ grants: [Grant]) {
    guard hasMissed.remove(index) != nil else { return }
    let count = grants.reduce(UInt64(0)) {
      $0 + ($1.isOn ? provider.ledger.count(Int($1.eventID)) : 0)
    }
    if count > 0 { send(.missed(provider: UInt16(index), reason: .tooEarly, count: count)) }
    if grants.contains(where: { $0.isOn && provider.ledger.wasAsked(Int($0.eventID)) }) {
      let text = "it asked isEnabled before the session had enabled it; what it emits only after a "
      tell(text + "yes may be missing at the start", of: provider)
    }
  }

  private func send(_ message: AppMessage) {
    guard !isOver else { return }
    take(queue.send(message.encoded(), to: socket))
  }

  func flush() { take(queue.flush(to: socket)) }

  /// If the session has closed its socket, ``receive(_:_:)`` ends the link, because a message that
  /// was sent before decides whether the session ended properly.
  private func take(_ result: PacketResult) {
    if case .failed = result { isOver = true }
  }

  // MARK: Receiving

  /// Handles a bounded number of the session's messages.
  func receive(_ buffer: UnsafeMutableRawBufferPointer, _ providers: [RegisteredProvider]) {
    for _ in 0..<ControlLimits.packetsPerTurn where !isOver {
      var packet: UnsafeRawBufferPointer?
      var descriptors: [Int32] = []
      let result = OpenDescriptors.opening {
        PacketSocket.receive(from: socket, into: buffer) {
          packet = $0
          descriptors = $1.map { OpenDescriptors.take($0) }
        }
      }
      if result == .wouldBlock { return }
      guard result == .done, let packet, let message = try? SessionMessage(packet: packet) else {
        isOver = true
        isCutOff = result == .closed
        for descriptor in descriptors { OpenDescriptors.close(descriptor) }
        return
      }
      handle(message, descriptors, providers)
    }
  }

  /// Handles a message. Leaves a session that sends an invalid one.
  private func handle(
    _ message: SessionMessage, _ descriptors: [Int32], _ providers: [RegisteredProvider]
  ) {
    if case .welcome(let welcome) = message {
      attach(welcome, descriptors)
      return
    }
    for descriptor in descriptors {
      isOver = true
      OpenDescriptors.close(descriptor)
    }
    guard !isOver else { return }
    switch message {
    case .welcome: break
    case .grants(let grants): apply(grants, providers)
    case .captureState(let provider, let generation):
      captureState(provider, generation, providers)
    case .detach, .refused:
      countUndescribed(EmitFindings.all)
      isOver = true
    case .sampling(let request): sample(request)
    }
  }

  private func sample(_ request: SamplingRequest) {
    guard let slot else {
      isOver = true
      return
    }
    if let problem = ThreadSampler.apply(request, slot: slot) { send(.notice(text: problem)) }
  }

  private func captureState(
    _ provider: UInt16, _ generation: UInt32, _ providers: [RegisteredProvider]
  ) {
    guard let slot, Int(provider) < answers.count, case .given(let filter) = answers[Int(provider)]
    else {
      isOver = true
      return
    }
    if let filter { providers[Int(provider)].captureState(slot: slot, filter: filter) }
    send(.captureStateDone(provider: provider, generation: generation))
  }

  private func attach(_ welcome: Welcome, _ descriptors: [Int32]) {
    guard descriptors.count == Welcome.descriptorCount, slot == nil else {
      for descriptor in descriptors { OpenDescriptors.close(descriptor) }
      isOver = true
      return
    }
    do throws(SessionSlots.Failure) {
      let (place, refused) = try SessionSlots.attach(
        memoryDescriptor: descriptors[0], wakeDescriptor: descriptors[1],
        processSlot: welcome.processSlot)
      slot = place
      if let refused { send(.notice(text: BlockTimeout.notice(asked_ns: refused))) }
    } catch {
      for descriptor in descriptors { OpenDescriptors.close(descriptor) }
      send(.refused(reason: Self.reason(error)))
      isOver = true
    }
  }

  private static func reason(_ failure: SessionSlots.Failure) -> String {
    switch failure {
    case .allTaken:
      "\(ControlLimits.sessions) sessions trace it already; end one of them"
    case .bufferSet(let error): "it cannot map the session's buffers (\(error))"
    case .needsRseq: "restartable sequences do not work in it, and the session's buffers need them"
    }
  }

  private func apply(_ grants: ProviderGrants, _ providers: [RegisteredProvider]) {
    let index = Int(grants.provider)
    guard index < answers.count, index < providers.count, slot != nil || grants.grants.isEmpty
    else {
      isOver = true
      return
    }
    answers[index] = .given(grants.filter)
    if let slot {
      let provider = providers[index]
      SessionSlots.apply(
        slot: slot, provider: provider, filter: grants.filter,
        grants: Self.complete(grants.grants, for: provider.schema))
      countTooEarly(index, provider, grants.grants)
    }
    send(.enabled(provider: grants.provider, generation: grants.generation))
  }

  /// A grant for each of the provider's events; events that the session does not list are off.
  private static func complete(_ grants: [Grant], for schema: ProviderSchema) -> [EventGrant] {
    let named = Dictionary(grants.map { ($0.eventID, $0) }, uniquingKeysWith: { $1 })
    return schema.events.map { event in
      let grant = named[event.id]
      return EventGrant(
        eventID: event.id, ref: grant?.ref ?? 0, isOn: grant?.isOn ?? false,
        captureStack: grant?.captureStack ?? false)
    }
  }
}
