import CTraceShims
import Glibc
import TraceAnalysis
import TraceControl
import TraceEvents
import TraceFormat
import TraceRing

/// The session's state of all processes and its selection for them. Guarded by the rendezvous's
/// lock.
struct RendezvousState {
  /// Maximum number of process records, including ended processes.
  static let processRecordsMax = 16_384
  static let problemsMax = 32

  let configuration: SessionConfiguration
  let sessionID: UInt64
  let startNanoseconds = trace_monotonic_ns()
  /// The destination of events; nil in a session that only lists providers and enables nothing.
  let sink: (any EventSink)?
  let wakeDescriptor: Int32
  var table: EnableTable
  var refs = RefTable()
  var sets: BufferSets
  var links: [Int32: ProcessLink] = [:]
  var processes: [TracedProcess] = []
  private var problems: [String] = []
  private(set) var definedProviders: Set<ProviderSchema> = []
  var budgets: SessionBudgets
  var catalogue = SchemaCatalogue()
  /// The memory of the records in ``processes``.
  var recordBytes = 0
  /// Number of connections refused before their processes had records.
  var turnedAway: UInt64 = 0
  /// The error for which connections had to wait: no descriptors or no memory.
  var refusal: CInt?
  /// Number of notes about processes, and of those left out.
  private var noteCount = 0
  private var notesOmitted: UInt64 = 0
  private var nextSlot: UInt32 = 1
  private var generation: UInt32 = 0
  private(set) var processesSeen = 0
  /// CPU time between the samples that processes take of themselves; 0 for none.
  var samplingInterval_ns: UInt64 = 0
  /// Called with every process that gets a number, before the process is notified.
  var onWelcome: (ConnectedImages.Process) -> Void = { _ in }
  var isStopping = false

  init(
    _ configuration: SessionConfiguration, sink: (any EventSink)?, wakeDescriptor: Int32,
    budgets: SessionBudgets? = nil
  ) {
    self.configuration = configuration
    self.sink = sink
    self.wakeDescriptor = wakeDescriptor
    sessionID = trace_realtime_ns()
    table = EnableTable(configuration.providers, stacks: configuration.stacks)
    sets = BufferSets(configuration)
    self.budgets = budgets ?? SessionBudgets(isShared: geteuid() == 0)
  }

  // MARK: Messages of processes

  mutating func handle(_ event: Conversation.Event, from link: ProcessLink) {
    switch event {
    case .hello(let hello): greet(hello, link)
    case .registered(let provider):
      link.generations.append(0)
      share(provider: provider, of: link)
      if let record = link.record {
        let name = link.conversation.providers[provider].name
        recordBytes += 48 + name.utf8.count
        processes[record].providers.append(name)
      }
      grant(provider, to: link, isFirst: true)
    case .enabled(let provider, let generation):
      guard link.generations[provider] == generation else { return }
      link.unconfirmed.remove(provider)
      link.confirmed.insert(provider)
      // The process has mapped the set, and no other process will. Packets still in the queue may
      // contain the descriptor.
      if link.queuedBytes == 0 { link.ownedSet?.closeDescriptor() }
      if link.outdated.remove(provider) != nil { grant(provider, to: link) }
    case .captureStateDone(let provider, _):
      link.capturing.remove(provider)
      if link.recapture.remove(provider) != nil { captureState(provider, of: link) }
    case .refused(let reason):
      note("it refuses to be traced: \(reason)", link)
      if let record = link.record { processes[record].isCutOff = true }
      link.end()
    case .notice(let text): note(text, link)
    case .missed(_, let reason, let count): countMissed(count, reason, link)
    }
  }

  private mutating func greet(_ hello: Hello, _ link: ProcessLink) {
    // The kernel's facts are used; the process's statements only if the kernel shows nothing.
    let pid = link.peer.pid != 0 ? link.peer.pid : hello.pid
    let seen = ProcessIdentity(procName: link.peer.pid != 0 ? "\(pid)" : "none")
    let executable = seen.executable.isEmpty ? hello.executable : seen.executable
    guard configuration.processes.admits(pid: pid, executable: executable) else {
      link.end()
      return
    }
    var process = TracedProcess(
      pid: pid, uid: link.peer.uid, executable: executable,
      arguments: seen.arguments.isEmpty ? hello.arguments : seen.arguments, index: nil,
      isRunning: true, providers: [], problems: [])
    guard takeRecord(&process) else {
      refuse(link, BudgetExceeded(resource: .memory, bound: .session))
      return
    }
    link.record = processes.count
    processes.append(process)
    requestSamples(of: link)
  }

  // MARK: Grants

  /// Sends the current grants of a provider. They are sent even if nothing is enabled, because the
  /// process waits for them.
  mutating func grant(_ provider: Int, to link: ProcessLink, isFirst: Bool = false) {
    if link.unconfirmed.contains(provider) {
      link.outdated.insert(provider)
      return
    }
    let schema = link.conversation.providers[provider]
    let wanted = sink == nil || isStopping ? nil : table.wanted(of: schema)
    if wanted == nil, !isFirst, link.generations[provider] == 0 { return }
    for problem in wanted?.problems ?? [] { note(problem, link) }
    if let wanted, !takeRoom(toDefine: schema, wanted, for: link) { return }
    let grants = wanted.map { self.grants($0, link) } ?? []
    if !grants.isEmpty, link.slot == nil, !welcome(link) { return }
    if wanted != nil, definedProviders.insert(schema).inserted { sink?.define(provider: schema) }
    generation &+= 1
    link.generations[provider] = generation
    link.unconfirmed.insert(provider)
    link.conversation.expectReply()
    link.send(
      .grants(
        ProviderGrants(
          provider: UInt16(provider), generation: generation, filter: wanted?.filter,
          grants: grants)))
    if wanted != nil, configuration.capturesStateAtStart { captureState(provider, of: link) }
  }

  private mutating func grants(_ wanted: EnableTable.Wanted, _ link: ProcessLink) -> [Grant] {
    wanted.events.compactMap { event in
      guard let (ref, isNew) = refs.ref(for: event.schema) else {
        note(
          "event \(event.schema.provider)/\(event.schema.name) cannot be traced: "
            + "the session has seen \(RefTable.refsMax) event types already", link)
        return nil
      }
      if isNew { sink?.define(ref: ref, schema: event.schema) }
      return Grant(
        eventID: event.schema.id, ref: ref, isOn: true, captureStack: event.captureStack)
    }
  }

  /// Assigns the process its number and its buffers.
  mutating func welcome(_ link: ProcessLink) -> Bool {
    guard let sink, let record = link.record, let hello = link.conversation.hello else {
      return false
    }
    let slot = nextSlot
    let identity = ProcessIdentity(procName: link.peer.pid != 0 ? "\(link.peer.pid)" : "none")
    var definition = ProcessRecord(
      index: slot, pid: processes[record].pid, parentPID: identity.parentPID, uid: link.peer.uid,
      startTime: identity.startTime != 0 ? identity.startTime : hello.startTime,
      executable: processes[record].executable, arguments: processes[record].arguments,
      joinTicks: 0)
    guard takeRoom(toDefine: &definition, for: link) else { return false }
    let entry: BufferSets.Entry
    do throws(BufferSetError) {
      guard nextSlot < ProcessNumbers.firstOther else { throw .noMemoryLeft }
      entry = try sets.set(
        uid: link.peer.uid, wantsLockSet: hello.wantsLockSet,
        announce: { sink.add($0, id: $1, firstStream: $2) }, evict: { sink.remove(setID: $0) })
    } catch {
      if error == .noMemoryLeft {
        refuse(link, BudgetExceeded(resource: .buffers, bound: .session))
      } else {
        link.end(problem: "it cannot get buffers: \(error)")
      }
      return false
    }
    nextSlot += 1
    processesSeen += 1
    link.slot = slot
    link.setID = entry.id
    link.ownedSet = entry.isPrivate ? entry.set : nil
    processes[record].index = slot
    definition.joinTicks = entry.set.ticks
    sink.define(process: definition)
    sink.admit(process: slot, toSet: entry.id)
    if link.peer.pid != 0 { onWelcome(ConnectedImages.Process(pid: link.peer.pid, index: slot)) }
    link.send(
      .welcome(Welcome(sessionID: sessionID, processSlot: slot)),
      descriptors: [entry.set.descriptor, wakeDescriptor])
    return true
  }

  func captureState(_ provider: Int, of link: ProcessLink) {
    guard link.generations[provider] != 0, link.slot != nil else { return }
    guard link.capturing.insert(provider).inserted else {
      link.recapture.insert(provider)
      return
    }
    link.conversation.expectReply()
    link.send(
      .captureState(provider: UInt16(provider), generation: link.generations[provider]))
  }

  /// Sends the current grants to every process that has one of these providers.
  mutating func grantAll(_ names: Set<String>) {
    let names = Set(names.map { $0.lowercased() })
    for link in links.values {
      for (index, provider) in link.conversation.providers.enumerated()
      where names.contains(provider.name.lowercased())
        || names.contains(ProviderSpec.everyProvider)
      {
        grant(index, to: link)
      }
    }
  }

  func captureState(provider name: String?) {
    for link in links.values {
      for (index, provider) in link.conversation.providers.enumerated()
      where (name == nil || provider.name == name) && table.wanted(of: provider) != nil {
        captureState(index, of: link)
      }
    }
  }

  // MARK: The session's own events

  /// Defines one of the session's providers; returns the numbers of its event types, as far as
  /// numbers were left.
  mutating func define(own provider: ProviderSchema) -> [UInt16: UInt16] {
    if definedProviders.insert(provider).inserted { sink?.define(provider: provider) }
    var numbers: [UInt16: UInt16] = [:]
    for event in provider.events {
      guard let (ref, isNew) = refs.ref(for: event) else { break }
      if isNew { sink?.define(ref: ref, schema: event) }
      numbers[event.id] = ref
    }
    return numbers
  }

  /// The number of an event type that a runtime describes; nil if no numbers are left, or if the
  /// trace cannot have it.
  mutating func number(of schema: EventSchema) -> UInt16? {
    guard let (ref, isNew) = refs.ref(for: schema) else { return nil }
    if isNew { sink?.define(ref: ref, schema: schema) }
    return ref
  }

  /// The number of the connected process with this pid.
  func index(ofPID pid: UInt32) -> UInt32? { links.values.first { $0.peer.pid == pid }?.slot }

  /// The connected processes that have a number and are visible in this pid namespace.
  var connected: [ConnectedImages.Process] {
    links.values.compactMap { link in
      guard let slot = link.slot, link.peer.pid != 0 else { return nil }
      return ConnectedImages.Process(pid: link.peer.pid, index: slot)
    }
  }

  // MARK: End of connections

  /// Closes a connection whose process died, detached, or violated the protocol.
  mutating func close(_ link: ProcessLink) {
    links[link.socket] = nil
    giveBack(link)
    if case .ended(let problem?) = link.phase {
      note(problem + "; the session has closed its connection", link)
      if let record = link.record { processes[record].isCutOff = true }
    }
    noteUnconfirmed(link)
    if let record = link.record { processes[record].isRunning = false }
    guard let slot = link.slot, let setID = link.setID else { return }
    sink?.processEnded(
      index: slot, atTicks: ClockKind.here.now())
    if link.ownedSet != nil, sets.end(setID) { sink?.remove(setID: setID) }
  }

  /// Problems that concern no known process, as sentences.
  var ownProblems: [String] {
    var problems = problems
    if let refusal {
      let advice =
        [EMFILE, ENFILE].contains(refusal)
        ? "raise the limit on open files (ulimit -n)" : "free some memory"
      problems.append(
        "programs could not connect at once, and may not have been traced: "
          + "\(String(cString: strerror(refusal))); \(advice)")
    }
    guard notesOmitted > 0 else { return problems }
    let notes = counted(
      notesOmitted, "more note about processes was", "more notes about processes were")
    return problems + ["\(notes) left out"]
  }

  mutating func note(_ problem: String, _ link: ProcessLink) {
    guard let record = link.record else {
      guard problems.count < Self.problemsMax else {
        notesOmitted &+= 1
        return
      }
      problems.append("process \(link.peer.pid) of user \(link.peer.uid): \(problem)")
      return
    }
    let known = processes[record].problems
    if known.contains(problem) { return }
    guard known.count < Self.problemsMax, noteCount < SessionBudgets.notes else {
      notesOmitted &+= 1
      return
    }
    noteCount += 1
    processes[record].problems.append(problem)
  }
}
