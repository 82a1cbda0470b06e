internal import OSStrings
internal import TraceEvents
internal import TraceFormat
internal import TraceKernel
internal import TraceSymbols

/// The stacks of imported samples: the kernel's call chain; where the recording has copies of
/// stacks, unwound by call frame information; where it has the calls that the processor kept
/// (--call-graph lbr), those.
final class PerfStacks: SampleStackWalker {
  /// How the stacks of copies ended.
  private(set) var unwound: UInt64 = 0
  private(set) var cut: UInt64 = 0
  private(set) var broken: UInt64 = 0

  /// The sample that is being translated.
  var layout: PerfSampleLayout?
  var branches = UnsafeRawBufferPointer(start: nil, count: 0)
  var branchesAreCalls = false

  private static let frameLimit = 1024
  private static let spacesMax = 16_384
  private static let mappingsMax = 1 << 20

  private let hasOwnVDSO: Bool
  private let unwinder = Unwinder(images: UnwindImages(byteLimit: 128 << 20))
  private var spaces: [UInt32: AddressSpace] = [:]
  private var mappings = 0
  private let room: UnsafeMutableBufferPointer<UInt64>
  private var words: [UInt64] = []

  /// Whether copies of stacks can be unwound: those of x86-64.
  private let canUnwind: Bool

  /// - Parameters:
  ///   - hasOwnVDSO: whether the recording's vDSO is the one of the running kernel.
  ///   - architecture: that of the recorded machine; empty if it is not known.
  init(hasOwnVDSO: Bool, architecture: String) {
    self.hasOwnVDSO = hasOwnVDSO
    canUnwind = UnwindRegisters.isSupported && ["", "x86_64"].contains(architecture)
    room = .allocate(capacity: Self.frameLimit)
  }

  deinit { room.deallocate() }

  /// The images without unwind information that stacks needed, with the reasons.
  var problems: [String] {
    unwinder.images.problems.prefix(5).map { "\($0.identity.path): \($0.error)" }
  }

  func append(_ sample: PerfSample, pid: UInt32, to stack: inout [UInt64]) {
    if sample.registersABI != 0, !sample.userStack.isEmpty {
      unwind(sample, pid, &stack)
    } else if branchesAreCalls, !branches.isEmpty {
      followBranches(sample, &stack)
    } else {
      PerfCallchain.append(sample.callchain, address: sample.instructionPointer, to: &stack)
    }
  }

  func append(followed sample: PerfSample, pid: UInt32, to stack: inout [UInt64]) {
    append(sample, pid: pid, to: &stack)
  }

  // MARK: Copies of stacks

  private func unwind(_ sample: PerfSample, _ pid: UInt32, _ stack: inout [UInt64]) {
    let isKernel = StackAddress.isKernel(sample.instructionPointer)
    PerfCallchain.append(
      sample.callchain, address: isKernel ? sample.instructionPointer : 0, to: &stack)
    // The chain may have a user part, too: the copy is better.
    if let user = stack.firstIndex(where: { !StackAddress.isKernel($0) }) {
      stack.removeSubrange(user...)
    }
    unwound += 1
    guard canUnwind, let places = layout?.registerPlaces, sample.registersABI == 2 else {
      if !isKernel, sample.instructionPointer != 0 { stack.append(sample.instructionPointer) }
      stack.append(StackNode.lostAddress)
      broken += 1
      return
    }
    let registers = ForeignBytes(sample.userRegisters)
    words.removeAll(keepingCapacity: true)
    for place in places { words.append(registers.word64(8 * place)) }
    let start = words.withUnsafeBytes { UnwindRegisters(perf: $0) }
    let copy = StackCopy(address: start.stackPointer, bytes: sample.userStack)
    let result = unwinder.unwind(start, copy, in: spaces[pid] ?? AddressSpace(), into: room)
    for frame in room[..<result.count] where !StackAddress.isKernel(frame) { stack.append(frame) }
    switch result.end {
    case .complete: return
    case .stackCut, .depthLimit: cut += 1
    case .notDescribed, .undecodable: broken += 1
    }
    stack.append(StackNode.lostAddress)
  }

  // MARK: Calls that the processor kept

  /// The latest branch leads to the sampled function; the sources of the branches are the calls.
  private func followBranches(_ sample: PerfSample, _ stack: inout [UInt64]) {
    PerfCallchain.append(sample.callchain, address: sample.instructionPointer, to: &stack)
    if let user = stack.firstIndex(where: { !StackAddress.isKernel($0) }) {
      stack.removeSubrange(user...)
    }
    let entries = ForeignBytes(branches)
    if !StackAddress.isKernel(sample.instructionPointer), sample.instructionPointer != 0 {
      stack.append(sample.instructionPointer)
    } else {
      stack.append(entries.word64(8))
    }
    for offset in stride(from: 0, to: branches.count, by: 24) where stack.count < Self.frameLimit {
      let call = entries.word64(offset)
      // The call's own address, whereas a frame is the address after the call.
      if call != 0, !StackAddress.isKernel(call) { stack.append(call &+ 1) }
    }
  }

  // MARK: Mappings

  func map(_ image: ImageMap, pid: UInt32) {
    let (end, overflows) = image.baseAddress.addingReportingOverflow(image.size)
    guard !overflows, image.size > 0, mappings < Self.mappingsMax else { return }
    if spaces.count >= Self.spacesMax, spaces[pid] == nil { forgetAll() }
    let id = identity(image).flatMap { unwinder.images.id(of: $0, in: 0) }
    mappings += 1
    spaces[pid, default: AddressSpace()].map(
      image.baseAddress..<end, offset: image.fileOffset, image: id)
  }

  /// The image of a mapping; nil for memory without a readable file.
  private func identity(_ image: ImageMap) -> UnwindImages.Identity? {
    let name = MappedName(shown: image.path)
    switch name.kind {
    case .vdso: return hasOwnVDSO ? UnwindImages.Identity(path: name.path) : nil
    case .file: break
    case .memoryFile, .anonymous, .other, .jitdump, .vsyscall: return nil
    }
    return UnwindImages.Identity(
      path: name.path, buildID: image.buildID, device: image.device, inode: image.inode)
  }

  func fork(_ pid: UInt32, from parent: UInt32) {
    forget(pid)
    if spaces.count < Self.spacesMax, let inherited = spaces[parent] { spaces[pid] = inherited }
  }

  func exec(_ pid: UInt32) { forget(pid) }

  func forget(_ pid: UInt32) { spaces[pid] = nil }

  /// Does nothing: what is missing cannot be looked up.
  func lose() {}

  private func forgetAll() {
    spaces.removeAll()
    mappings = 0
  }
}
