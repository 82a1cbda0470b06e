import TraceFormat
import TraceSymbols

/// Makes a sample's stack of what the kernel recorded: the kernel's frames, then the program's,
/// innermost first; at the end ``StackNode/lostAddress`` where callers are missing.
///
/// On the source's thread, in the order of the records: what a process had mapped when it was
/// sampled is what was recorded of it up to there.
final class SampleStacks {
  /// How stacks ended.
  struct Figures: Hashable {
    var walked: UInt64 = 0
    /// Deeper than the copied piece.
    var cut: UInt64 = 0
    /// In code of which nothing says where its caller is.
    var broken: UInt64 = 0
    /// By frame pointers: an address that no code has stood for a caller.
    var astray: UInt64 = 0
  }

  /// Frames of the program, at most.
  static let frameLimit = 1024

  private let walk: StackWalk
  private let unwinder: Unwinder?
  private let room: UnsafeMutableBufferPointer<UInt64>
  var spaces: ProcessSpaces
  private(set) var figures = Figures()

  init(_ walk: StackWalk) {
    self.walk = walk
    unwinder = walk.copiesStacks ? Unwinder() : nil
    spaces = ProcessSpaces(images: unwinder?.images)
    room = .allocate(capacity: Self.frameLimit)
  }

  deinit { room.deallocate() }

  /// What is to be said of it, in sentences.
  var problems: [String] {
    var sentences: [String] = []
    if figures.cut > 0 {
      sentences.append(
        "\(figures.cut) of \(figures.walked) stacks are deeper than the \(walk.copiedBytes) bytes "
          + "that were copied of each, so their outer callers are lost; copy more with "
          + "-unwind dwarf:BYTES (at most \(StackWalk.stackBytes.upperBound))")
    }
    guard figures.broken > 0, let unwinder else { return sentences }
    let images = unwinder.images.problems.prefix(Self.imagesNamedMax)
      .map { "\($0.identity.path): \($0.error)" }.joined(separator: ", ")
    sentences.append(
      "\(figures.broken) of \(figures.walked) stacks end in code of which nothing says where its "
        + "caller is" + (images.isEmpty ? "" : " (\(images))"))
    return sentences
  }

  private static let imagesNamedMax = 5

  func append(_ sample: PerfSample, pid: UInt32, to stack: inout [UInt64]) {
    if let unwinder {
      unwind(sample, pid, unwinder, &stack)
    } else {
      followed(sample, pid, &stack)
    }
  }

  // MARK: By call frame information

  private func unwind(
    _ sample: PerfSample, _ pid: UInt32, _ unwinder: Unwinder, _ stack: inout [UInt64]
  ) {
    let isKernel = sample.address >= PerfCallchain.kernelMin
    PerfCallchain.append(
      sample.callchain, address: isKernel ? sample.address : 0, to: &stack)
    // A thread of the kernel's has no other side.
    guard sample.registersABI != 0 else { return }
    figures.walked += 1
    guard sample.registersABI == Self.abi64, let space = spaces.space(of: pid) else {
      if !isKernel, sample.address != 0 { stack.append(sample.address) }
      stack.append(StackNode.lostAddress)
      figures.broken += 1
      return
    }
    let registers = UnwindRegisters(perf: sample.userRegisters)
    let copy = StackCopy(address: registers.stackPointer, bytes: sample.userStack)
    let result = unwinder.unwind(registers, copy, in: space, into: room)
    for frame in room[..<result.count] where frame < PerfCallchain.kernelMin { stack.append(frame) }
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
  /// anything. A caller where no code lies ends the stack: what follows it is no caller either.
  private func followed(_ sample: PerfSample, _ pid: UInt32, _ stack: inout [UInt64]) {
    let first = stack.count
    PerfCallchain.append(sample.callchain, address: sample.address, to: &stack)
    figures.walked += 1
    var user = first
    while user < stack.count, stack[user] >= PerfCallchain.kernelMin { user += 1 }
    guard user + 1 < stack.count, let space = spaces.space(of: pid) else { return }
    for index in (user + 1)..<stack.count where !space.hasCode(before: stack[index]) {
      stack.removeSubrange(index...)
      stack.append(StackNode.lostAddress)
      figures.astray += 1
      return
    }
  }
}
