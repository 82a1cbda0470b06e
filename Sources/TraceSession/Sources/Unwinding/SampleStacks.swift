import TraceAnalysis
import TraceEvents
import TraceFormat
import TraceKernel
import TraceSymbols

/// Makes a sample's stack of what the kernel recorded: the kernel's frames, then the program's,
/// innermost first; at the end ``StackNode/lostAddress`` where callers are missing.
///
/// On the source's thread, in the order of the records: what a process had mapped when it was
/// sampled is what was recorded of it up to there.
final class SampleStacks: SampleStackWalker {
  /// How stacks ended.
  struct Figures: Hashable {
    var walked: UInt64 = 0
    /// Deeper than the copied piece.
    var cut: UInt64 = 0
    /// In code of which nothing says where its caller is.
    var broken: UInt64 = 0
    /// By frame pointers: the outermost frame is no entry of its thread or process.
    var endless: UInt64 = 0
    /// As many frames as the kernel records of a stack.
    var deep: UInt64 = 0
  }

  /// Memory for what tells the entries of threads, where stacks are not unwound.
  private static let entryBytesMax = 64 << 20
  /// Frames of the program, at most.
  static let frameLimit = 1024

  private let walk: StackWalk
  private let unwinder: Unwinder?
  private let ends: StackEnds
  private let room: UnsafeMutableBufferPointer<UInt64>
  /// Frames of a stack that the kernel records at most (kernel.perf_event_max_stack).
  var framesMax = PerfSettings.framesMax ?? .max
  var spaces: ProcessSpaces
  private(set) var figures = Figures()

  init(_ walk: StackWalk) {
    self.walk = walk
    unwinder = walk.copiesStacks ? Unwinder() : nil
    let images = unwinder?.images ?? UnwindImages(byteLimit: Self.entryBytesMax)
    ends = StackEnds(images)
    spaces = ProcessSpaces(images: images)
    room = .allocate(capacity: Self.frameLimit)
  }

  deinit { room.deallocate() }

  /// What is to be said of it, in sentences.
  var problems: [String] {
    var sentences: [String] = []
    if figures.cut > 0 {
      sentences.append(
        share(figures.cut, "is deeper", "are deeper")
          + " than the \(walk.copiedBytes) bytes copied of each, so outer callers are lost; copy "
          + "more with "
          + "-unwind dwarf:BYTES (at most \(StackWalk.stackBytes.upperBound))")
    }
    if figures.endless > 0, figures.endless >= figures.walked / Self.endlessShareMin {
      sentences.append(
        share(figures.endless, "ends", "end")
          + " before the first function of the thread, because code on the way keeps no frame "
          + "pointers; the callers are lost. Collect with -unwind dwarf to see them")
    }
    guard figures.broken > 0, let unwinder else { return sentences }
    let images = unwinder.images.problems.prefix(Self.imagesNamedMax)
      .map { "\($0.identity.path): \($0.error)" }.joined(separator: ", ")
    sentences.append(
      share(figures.broken, "ends", "end") + " in code without information about its caller"
        + (images.isEmpty ? "" : " (\(images))"))
    return sentences
  }

  /// The beginning of a sentence about some of the stacks.
  private func share(_ count: UInt64, _ one: String, _ many: String) -> String {
    "\(grouped(count)) of \(counted(figures.walked, "stack")) \(count == 1 ? one : many)"
  }

  private static let imagesNamedMax = 5
  /// Stacks that are cut are spoken of when they are more than one of so many: a program that keeps
  /// frame pointers still has samples in the C library, which does not.
  private static let endlessShareMin: UInt64 = 100

  func append(_ sample: PerfSample, pid: UInt32, to stack: inout [UInt64]) {
    let isFull =
      sample.callchain.count / 8 >= framesMax
      && PerfCallchain.addressCount(sample.callchain) >= framesMax
    guard let unwinder else { return followed(sample, pid, isFull: isFull, &stack) }
    unwind(sample, pid, unwinder, &stack)
    guard isFull else { return }
    figures.deep += 1
    if stack.last != StackNode.lostAddress { stack.append(StackNode.lostAddress) }
  }

  // MARK: What happens to processes

  func map(_ image: ImageMap, pid: UInt32) { spaces.map(CodeMapping(image), pid: pid) }

  func fork(_ pid: UInt32, from parent: UInt32) { spaces.fork(pid, from: parent) }

  func exec(_ pid: UInt32) { spaces.exec(pid) }

  func forget(_ pid: UInt32) { spaces.forget(pid) }

  func lose() { spaces.lose() }

  // MARK: By call frame information

  private func unwind(
    _ sample: PerfSample, _ pid: UInt32, _ unwinder: Unwinder, _ stack: inout [UInt64]
  ) {
    let isKernel = StackAddress.isKernel(sample.instructionPointer)
    PerfCallchain.append(
      sample.callchain, address: isKernel ? sample.instructionPointer : 0, to: &stack)
    // A thread of the kernel's has no other side.
    guard sample.registersABI != 0 else { return }
    figures.walked += 1
    guard sample.registersABI == Self.abi64, let space = spaces.space(of: pid) else {
      if !isKernel, sample.instructionPointer != 0 { stack.append(sample.instructionPointer) }
      stack.append(StackNode.lostAddress)
      figures.broken += 1
      return
    }
    let registers = UnwindRegisters(perf: sample.userRegisters)
    let copy = StackCopy(address: registers.stackPointer, bytes: sample.userStack)
    let result = unwinder.unwind(registers, copy, in: space, into: room)
    for frame in room[..<result.count] where !StackAddress.isKernel(frame) { stack.append(frame) }
    switch result.end {
    case .complete: return
    case .stackCut, .depthLimit: figures.cut += 1
    case .notDescribed, .undecodable: figures.broken += 1
    }
    stack.append(StackNode.lostAddress)
  }

  /// PERF_SAMPLE_REGS_ABI_64.
  private static let abi64: UInt64 = 2

  // MARK: By frame pointers

  /// The kernel follows whatever the register holds, which in code without frame pointers is
  /// anything. What cannot be a caller is left out, and a stack that does not end at the entry of
  /// its thread has lost its callers.
  private func followed(
    _ sample: PerfSample, _ pid: UInt32, isFull: Bool, _ stack: inout [UInt64]
  ) {
    var user = stack.count
    PerfCallchain.append(sample.callchain, address: sample.instructionPointer, to: &stack)
    while user < stack.count, StackAddress.isKernel(stack[user]) { user += 1 }
    // A thread of the kernel's has no other side.
    if user < stack.count { figures.walked += 1 }
    guard user < stack.count, let space = spaces.space(of: pid) else {
      if isFull { lose(&stack, isFull: true) }
      return
    }
    let count = stack.count
    dropAstray(&stack, from: user, in: space)
    if isFull, stack.count == count { dropRepeated(&stack, from: user, in: space) }
    // Behind an entry, too, the register may have held anything.
    for reach in 0..<min(Self.reachMax, stack.count - user) {
      let index = stack.count - 1 - reach
      let verdict = ends.verdict(stack[index], isCaller: index > user, in: space)
      if verdict == .entry { return stack.removeSubrange((index + 1)...) }
      // Nothing was left out, and whether anything is missing cannot be told.
      if verdict == .unknown, reach == 0, stack.count == count, !isFull { return }
    }
    lose(&stack, isFull: isFull && stack.count == count)
  }

  /// How many frames behind an entry may be taken for callers of it.
  private static let reachMax = 4

  private func lose(_ stack: inout [UInt64], isFull: Bool) {
    if isFull { figures.deep += 1 } else { figures.endless += 1 }
    stack.append(StackNode.lostAddress)
  }

  /// Leaves out what nothing can return to: where no code lies, with all that follows, and at the
  /// end what no call stands before.
  private func dropAstray(
    _ stack: inout [UInt64], from user: Int, in space: borrowing AddressSpace
  ) {
    if let first = stack.indices.dropFirst(user + 1).first(where: {
      !space.hasCode(before: stack[$0])
    }) {
      stack.removeSubrange(first...)
    }
    while stack.count > user + 1,
      ends.verdict(stack[stack.count - 1], isCaller: true, in: space) == .astray
    {
      stack.removeLast()
    }
  }

  /// Leaves out the end of a chain that leads in a circle, where that is no recursion: nothing at
  /// those addresses calls the function that it would return from.
  private func dropRepeated(
    _ stack: inout [UInt64], from user: Int, in space: borrowing AddressSpace
  ) {
    for period in 1...Self.periodMax {
      var start = stack.count - period
      guard start - 1 > user else { return }
      while start > user + 1, stack[start - 1] == stack[start - 1 + period] { start -= 1 }
      guard stack.count - start >= Self.repeatsMin * period else { continue }
      let isRecursion = (start..<start + period).allSatisfy {
        ends.mayCall(stack[$0 + 1], stack[$0], in: space)
      }
      if !isRecursion { stack.removeSubrange(start...) }
      return
    }
  }

  private static let periodMax = 4
  private static let repeatsMin = 16
}
