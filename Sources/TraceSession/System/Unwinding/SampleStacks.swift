import TraceAnalysis
import TraceEvents
import TraceFormat
import TraceKernel
import TraceSymbols

/// Computes a sample's stack from the kernel's record: the kernel's frames, then the program's,
/// innermost first; at the end ``StackNode/lostAddress`` if callers are missing.
///
/// Used on the source's thread, in the order of the records: the mappings of a process at the time
/// of a sample are those recorded before it.
final class SampleStacks: SampleStackWalker {
  /// Statistics of how stacks ended.
  struct Figures: Hashable {
    var walked: UInt64 = 0
    /// Stacks deeper than the copied part.
    var cut: UInt64 = 0
    /// Stacks that end in code without information about its caller.
    var broken: UInt64 = 0
    /// Stacks walked by frame pointers whose outermost frame is not an entry function of a thread
    /// or process.
    var endless: UInt64 = 0
    /// Stacks with the kernel's maximum number of frames.
    var deep: UInt64 = 0

    static func &+ (one: Figures, other: Figures) -> Figures {
      Figures(
        walked: one.walked &+ other.walked, cut: one.cut &+ other.cut,
        broken: one.broken &+ other.broken, endless: one.endless &+ other.endless,
        deep: one.deep &+ other.deep)
    }
  }

  /// Memory for tables that identify entry functions, if stacks are not unwound.
  private static let entryBytesMax = 64 << 20
  /// Maximum number of user-space frames.
  static let frameLimit = 1024

  private let walk: StackWalk
  private let unwinder: Unwinder?
  private let ends: StackEnds
  private let room: UnsafeMutableBufferPointer<UInt64>
  /// The kernel's maximum number of frames of a stack (kernel.perf_event_max_stack).
  var framesMax = PerfSettings.framesMax ?? .max
  @exclusivity(unchecked) var spaces: ProcessSpaces
  @exclusivity(unchecked) private(set) var figures = Figures()
  @exclusivity(unchecked) private var walked = WalkedStacks()

  init(_ walk: StackWalk) {
    self.walk = walk
    unwinder = walk.copiesStacks ? Unwinder() : nil
    let images = unwinder?.images ?? UnwindImages(byteLimit: Self.entryBytesMax)
    ends = StackEnds(images)
    spaces = ProcessSpaces(images: images)
    room = .allocate(capacity: Self.frameLimit)
  }

  deinit { room.deallocate() }

  /// Problems of the stacks, as sentences.
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

  /// Returns the beginning of a sentence about some of the stacks.
  private func share(_ count: UInt64, _ one: String, _ many: String) -> String {
    "\(grouped(count)) of \(counted(figures.walked, "stack")) \(count == 1 ? one : many)"
  }

  private static let imagesNamedMax = 5
  /// Incomplete stacks are reported only from a share of one in this number: a program that keeps
  /// frame pointers still has samples in the C library, which does not.
  private static let endlessShareMin: UInt64 = 100

  func append(_ sample: PerfSample, pid: UInt32, to stack: inout [UInt64]) {
    // A kernel thread has no registers of user mode.
    guard let unwinder, sample.registersABI != 0 else {
      return append(followed: sample, pid: pid, to: &stack)
    }
    unwind(sample, pid, unwinder, &stack)
    guard isFull(sample) else { return }
    figures.deep += 1
    if stack.last != StackNode.lostAddress { stack.append(StackNode.lostAddress) }
  }

  func append(followed sample: PerfSample, pid: UInt32, to stack: inout [UInt64]) {
    if let found = walked.find(sample, pid: pid, appendTo: &stack) {
      figures = figures &+ found
      return
    }
    let (start, before) = (stack.count, figures)
    figures = Figures()
    followed(sample, pid, isFull: isFull(sample), &stack)
    walked.keep(sample, pid: pid, stack[start...], figures)
    figures = before &+ figures
  }

  /// Whether the call chain has as many frames as the kernel records.
  private func isFull(_ sample: PerfSample) -> Bool {
    sample.callchain.count / 8 >= framesMax
      && PerfCallchain.addressCount(sample.callchain) >= framesMax
  }

  // MARK: Process events

  func map(_ image: ImageMap, pid: UInt32) {
    walked.changed()
    spaces.map(CodeMapping(image), pid: pid)
  }

  func fork(_ pid: UInt32, from parent: UInt32) {
    walked.changed()
    spaces.fork(pid, from: parent)
  }

  func exec(_ pid: UInt32) {
    walked.changed()
    spaces.exec(pid)
  }

  func forget(_ pid: UInt32) {
    walked.changed()
    spaces.forget(pid)
  }

  func lose() {
    walked.changed()
    spaces.lose()
  }

  // MARK: By call frame information

  private func unwind(
    _ sample: PerfSample, _ pid: UInt32, _ unwinder: Unwinder, _ stack: inout [UInt64]
  ) {
    let isKernel = StackAddress.isKernel(sample.instructionPointer)
    PerfCallchain.append(
      sample.callchain, address: isKernel ? sample.instructionPointer : 0, to: &stack)
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

  /// Corrects a stack walked by frame pointers. The kernel follows any value in the register, which
  /// in code without frame pointers is arbitrary. Frames that cannot be callers are removed, and a
  /// stack that does not end at an entry function has lost its callers.
  private func followed(
    _ sample: PerfSample, _ pid: UInt32, isFull: Bool, _ stack: inout [UInt64]
  ) {
    var user = stack.count
    PerfCallchain.append(sample.callchain, address: sample.instructionPointer, to: &stack)
    while user < stack.count, StackAddress.isKernel(stack[user]) { user += 1 }
    // A kernel thread has no user-space frames.
    if user < stack.count { figures.walked += 1 }
    guard user < stack.count, let space = spaces.space(of: pid) else {
      if isFull { lose(&stack, isFull: true) }
      return
    }
    let count = stack.count
    dropAstray(&stack, from: user, in: space)
    if isFull, stack.count == count { dropRepeated(&stack, from: user, in: space) }
    // After an entry function, the register may also have had any value.
    for reach in 0..<min(Self.reachMax, stack.count - user) {
      let index = stack.count - 1 - reach
      let verdict = ends.verdict(stack[index], isCaller: index > user, in: space)
      if verdict == .entry { return stack.removeSubrange((index + 1)...) }
      // No frame was removed, and whether callers are missing is not known.
      if verdict == .unknown, reach == 0, stack.count == count, !isFull { return }
    }
    lose(&stack, isFull: isFull && stack.count == count)
  }

  /// Maximum number of frames after an entry function that may look like its callers.
  private static let reachMax = 4

  private func lose(_ stack: inout [UInt64], isFull: Bool) {
    if isFull { figures.deep += 1 } else { figures.endless += 1 }
    stack.append(StackNode.lostAddress)
  }

  /// Removes frames that are not return addresses: the first one outside code, with all frames
  /// after it, and frames at the end that no call precedes.
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

  /// Removes the end of a cyclic chain if it is not a recursion: the calls at those addresses do
  /// not target the functions that would return to them.
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
