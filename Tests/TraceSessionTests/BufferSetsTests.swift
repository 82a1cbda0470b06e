import TraceFormat
import TraceRing
import Testing

@testable import TraceSession

/// The assignment of buffers to processes, and their total memory.
@Suite struct BufferSetsTests {
  private func configuration(_ isolates: Bool?, _ mode: TraceFormat.BufferMode = .discard)
    -> SessionConfiguration
  {
    var configuration = SessionConfiguration(providers: [])
    configuration.bufferBytesPerCPU = 1
    configuration.mode = mode
    configuration.isolatesProcesses = isolates
    return configuration
  }

  @Test func rootsSessionIsolatesAndAUsersSharesUnlessItIsTold() throws {
    for (user, isolates, expected) in [
      (0, nil, true), (1000, nil, false), (0, false, false), (1000, true, true),
    ] as [(UInt32, Bool?, Bool)] {
      var sets = BufferSets(configuration(isolates), user: user)
      let entries = try (0..<2).map { _ in
        try sets.set(uid: user, wantsLockSet: false, announce: { _, _, _ in })
      }
      #expect((entries[0].id != entries[1].id) == expected)
      #expect(entries.allSatisfy { $0.isPrivate == expected })
    }
  }

  /// For any number of processes, the total is kept, every process gets something while memory is
  /// left, and one user leaves memory for others.
  @Test func theBudgetHolds() {
    let mib = 1 << 20
    var budget = BufferBudget(setBytes: 8 * mib, ownUser: 0, memoryMax: 512 * mib)
    #expect(budget.bytesMax == 256 * mib)
    var sizes: [Int] = []
    for _ in 0..<10_000 {
      guard let size = budget.ringBytes(wanted: 4 * mib, ringCount: 2, user: 7) else { break }
      sizes.append(size)
      budget.take(RingLayout.setBytes(ringCount: 2, ringBytes: size), user: 7)
    }
    #expect(sizes.first == 4 * mib)
    #expect(sizes.last == RingLayout.ringBytesMin)
    #expect(zip(sizes, sizes.dropFirst()).allSatisfy { $0 >= $1 })
    #expect(budget.bytesUsed <= budget.bytesMax / 8)
    // There is still space for the set shared by the remaining processes, and for others.
    #expect(budget.ringBytes(wanted: mib, ringCount: 2, user: 7, isLastResort: true) != nil)
    #expect(budget.ringBytes(wanted: 4 * mib, ringCount: 2, user: 8) == 4 * mib)
    budget.giveBack(budget.bytesUsed, user: 7)
    #expect(budget.bytesUsed == 0)
    #expect(budget.ringBytes(wanted: 4 * mib, ringCount: 2, user: 7) == 4 * mib)
  }

  /// The first process gets the requested size, if the machine has enough memory.
  @Test func alargeWishIsGranted() {
    let gib = 1 << 30
    let budget = BufferBudget(
      setBytes: RingLayout.setBytes(ringCount: 2, ringBytes: gib), ownUser: 0,
      memoryMax: 12 * gib)
    #expect(budget.ringBytes(wanted: gib, ringCount: 2, user: 0) == gib)
    #expect(budget.ringBytes(wanted: gib, ringCount: 2, user: 9) == gib)
  }

  /// A flight recorder keeps the events of ended processes.
  @Test func aFlightRecorderKeepsTheSetsOfThoseWhoEnded() throws {
    var recorder = BufferSets(configuration(true, .overwrite), user: 0)
    var session = BufferSets(configuration(true), user: 0)
    let kept = try recorder.set(uid: 0, wantsLockSet: false, announce: { _, _, _ in })
    let gone = try session.set(uid: 0, wantsLockSet: false, announce: { _, _, _ in })
    let goes = (recorder: recorder.end(kept.id), session: session.end(gone.id))
    #expect(goes == (false, true))
  }

  /// A flight recorder drops the buffers of ended processes, oldest first, if a new process needs
  /// the memory; it keeps those of running processes.
  @Test func theOldestOfThoseWhoEndedMakeRoom() throws {
    var configuration = configuration(true, .overwrite)
    // Takes only address space, because nothing is written.
    configuration.bufferBytesPerCPU = 1 << 30
    var sets = BufferSets(configuration, user: 0)
    var evicted: [UInt32] = []
    func make() throws -> UInt32 {
      try sets.set(
        uid: 0, wantsLockSet: false, announce: { _, _, _ in }, evict: { evicted.append($0) }
      )
      .id
    }
    let running = try make()
    var ended: [UInt32] = []
    while evicted.count < 3, ended.count < 200 {
      let next = try make()
      #expect(evicted == Array(ended.prefix(evicted.count)))
      let isReleased = sets.end(next)
      #expect(!isReleased)
      ended.append(next)
    }
    #expect(evicted.count >= 3)
    #expect(!evicted.contains(running))
    // No process had to share buffers because of it.
    #expect(!sets.problems.contains { $0.contains("share") })
  }
}
