import CTraceShims
import TraceControl
import TraceEvents
import TraceFormat

/// Limits on the data that the session keeps for processes. A process that exceeds them is notified
/// and disconnected; other processes are not affected.
extension RendezvousState {
  /// Admits a connection; false if it is refused.
  mutating func admit(_ link: ProcessLink) -> Bool {
    do throws(BudgetExceeded) {
      try budgets.connect(link.holder)
      links[link.socket] = link
      return true
    } catch {
      turnedAway &+= 1
      link.send(.refused(reason: error.description))
      note("it was turned away: \(error)", link)
      return false
    }
  }

  /// Charges the memory of the process's announcements since the last call.
  mutating func charge(_ link: ProcessLink) throws(BudgetExceeded) {
    let bytes = link.conversation.takeNewBytes()
    guard bytes > 0 else { return }
    try budgets.takeMemory(bytes, link.holder)
    link.memoryBytes += bytes
  }

  /// Disconnects the process.
  mutating func refuse(_ link: ProcessLink, _ error: BudgetExceeded) {
    link.send(.refused(reason: error.description))
    if let record = link.record { processes[record].isCutOff = true } else { turnedAway &+= 1 }
    link.end(problem: error.description)
  }

  /// Shares the provider with other processes that have announced an equal one.
  mutating func share(provider index: Int, of link: ProcessLink) {
    let bytes = link.conversation.providerBytes[index]
    let (shared, isNew) = catalogue.share(
      link.conversation.providers[index], .init(holder: link.holder, bytes: bytes))
    link.memoryBytes -= bytes
    if !isNew {
      link.conversation.share(shared, at: index)
      budgets.giveBackMemory(bytes, of: link.holder)
    }
  }

  /// Takes the budget for defining a provider and its enabled events in the trace; false if the
  /// process is disconnected because of it.
  mutating func takeRoom(
    toDefine provider: ProviderSchema, _ wanted: EnableTable.Wanted, for link: ProcessLink
  ) -> Bool {
    let events = wanted.events.map(\.schema).filter { !refs.knows($0) }
    let isKnown = definedProviders.contains(provider)
    guard !events.isEmpty || !isKnown else { return true }
    let heading = isKnown ? 0 : provider.headingMemoryBytes
    do throws(BudgetExceeded) {
      try budgets.takeEventTypes(events.count, link.holder)
      try budgets.define(events.reduce(heading) { $0 + $1.definitionBytes }, link.holder)
      return true
    } catch {
      refuse(link, error)
      return false
    }
  }

  /// Takes the budget for defining the process; its arguments are left out if half of the budget is
  /// used. False if the process is disconnected.
  mutating func takeRoom(toDefine process: inout ProcessRecord, for link: ProcessLink) -> Bool {
    func bytes(_ process: ProcessRecord) -> Int {
      process.arguments.reduce(256 + process.executable.utf8.count) { $0 + $1.utf8.count + 32 }
    }
    if !budgets.hasAmple(definitionBytes: bytes(process)) { process.arguments = [] }
    do throws(BudgetExceeded) {
      try budgets.define(bytes(process), link.holder)
      return true
    } catch {
      refuse(link, error)
      return false
    }
  }

  mutating func giveBack(_ link: ProcessLink) {
    budgets.disconnect(link.holder)
    budgets.giveBackMemory(link.memoryBytes, of: link.holder)
    link.memoryBytes = 0
    for provider in link.conversation.providers {
      guard let charge = catalogue.release(provider) else { continue }
      budgets.giveBackMemory(charge.bytes, of: charge.holder)
    }
  }

  /// Disconnects processes that do not read, those with the longest queues first, until the queues
  /// are within their limit.
  func limitQueues() {
    var waiting = links.values.reduce(0) { $0 + $1.queuedBytes }
    while waiting > SessionBudgets.queuedBytes,
      let most = links.values.filter({ $0.phase == .talking })
        .max(by: { $0.queuedBytes < $1.queuedBytes }), most.queuedBytes > 0
    {
      most.end(problem: "it does not read its control messages")
      waiting -= most.queuedBytes
    }
  }

  // MARK: Records

  /// Reserves memory for a process's record; false if there is none.
  mutating func takeRecord(_ process: inout TracedProcess) -> Bool {
    func isWithin(_ bytes: Int) -> Bool { recordBytes + bytes <= SessionBudgets.recordBytes }
    if processes.count >= Self.processRecordsMax || !isWithin(process.recordBytes) {
      forgetEnded()
    }
    if !isWithin(process.recordBytes) { process.arguments = [] }
    guard processes.count < Self.processRecordsMax, isWithin(process.recordBytes) else {
      return false
    }
    recordBytes += process.recordBytes
    return true
  }

  /// Drops the records of ended processes, except some that had problems.
  private mutating func forgetEnded() {
    var kept: [TracedProcess] = []
    var moved: [Int: Int] = [:]
    var room = Self.endedWithProblemsMax
    for (index, process) in processes.enumerated() {
      if !process.isRunning {
        guard room > 0, !process.problems.isEmpty else { continue }
        room -= 1
      }
      moved[index] = kept.count
      kept.append(process)
    }
    processes = kept
    recordBytes = kept.reduce(0) { $0 + $1.recordBytes }
    for link in links.values { link.record = link.record.flatMap { moved[$0] } }
  }

  private static let endedWithProblemsMax = 256
}

extension TracedProcess {
  /// The memory of the record, without its problems, which are limited by number.
  fileprivate var recordBytes: Int {
    arguments.reduce(512 + executable.utf8.count) { $0 + 48 + $1.utf8.count }
      + providers.reduce(0) { $0 + 48 + $1.utf8.count }
  }
}
