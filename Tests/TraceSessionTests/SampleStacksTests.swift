import Testing
import TraceFormat
import TraceSymbols

@testable import TraceKernel
@testable import TraceSession

/// The stack of a sample: kernel and user frames joined, and a mark if callers are missing.
@Suite struct SampleStacksTests {
  static let kernel: UInt64 = 0xffff_ffff_8100_0000
  static let kernelMark = UInt64(bitPattern: -128)
  static let userMark = UInt64(bitPattern: -512)
  static let lost = StackNode.lostAddress

  static func bytes(_ words: [UInt64]) -> [UInt8] {
    words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) } }
  }

  /// A sample of process 7, which has code generated at run time from 0x5000 to 0x6000.
  struct Sampled {
    var address: UInt64 = 0x5000
    var callchain: [UInt64] = []
    var abi: UInt64 = 2
    var framePointer: UInt64 = 0x3000
    var stackPointer: UInt64 = 0x3000
    var programCounter: UInt64 = 0x5000
    var stack: [UInt64] = []

    func append(to stacks: SampleStacks, pid: UInt32 = 7) -> [UInt64] {
      var registers = [UInt64](repeating: 0, count: 17)
      // In the kernel's order: bp, sp, ip.
      registers[6] = framePointer
      registers[7] = stackPointer
      registers[8] = programCounter
      var result: [UInt64] = [111, 222]
      SampleStacksTests.bytes(callchain).withUnsafeBytes { chain in
        SampleStacksTests.bytes(registers).withUnsafeBytes { registers in
          SampleStacksTests.bytes(stack).withUnsafeBytes { stack in
            let sample = PerfSample(
              instructionPointer: address, callchain: chain, registersABI: abi,
              userRegisters: registers,
              userStack: stack)
            stacks.append(sample, pid: pid, to: &result)
          }
        }
      }
      #expect(result.starts(with: [111, 222]))
      return Array(result.dropFirst(2))
    }
  }

  static func stacks(_ walk: StackWalk) -> SampleStacks {
    let stacks = SampleStacks(walk)
    stacks.spaces.exec(7)
    stacks.spaces.map(
      CodeMapping(ProcessSpacesTests.line(0x5000, 0x6000, path: "")), pid: 7)
    return stacks
  }

  static let unwinding = StackWalk.callFrames(stackBytes: 4096)

  @Test func theKernelsSideComesFirst() {
    let stacks = Self.stacks(Self.unwinding)
    // In a system call: the registers are those at its start.
    let found = Sampled(
      address: Self.kernel + 1, callchain: [Self.kernelMark, Self.kernel + 1, Self.kernel + 2],
      stack: [0x3010, 0x5100, 0, 0x5200]
    ).append(to: stacks)
    #expect(found == [Self.kernel + 1, Self.kernel + 2, 0x5000, 0x5100, 0x5200])
    #expect(stacks.problems.isEmpty)
  }

  @Test func aSampleInTheProgramHasItsOwnSideOnly() {
    let found = Sampled(stack: [0x3010, 0x5100, 0, 0x5200]).append(to: Self.stacks(Self.unwinding))
    #expect(found == [0x5000, 0x5100, 0x5200])
  }

  @Test func whatIsDeeperThanTheCopyIsMarkedAndCounted() {
    let stacks = Self.stacks(Self.unwinding)
    let found = Sampled(stack: [0x4000, 0x5100, 1, 2]).append(to: stacks)
    #expect(found == [0x5000, 0x5100, Self.lost])
    #expect(stacks.problems.count == 1)
    #expect(stacks.problems[0].contains("1 of 1 stack is deeper than the 4096 bytes"))
  }

  @Test func codeOfWhichNothingIsKnownEndsTheStack() {
    let stacks = Self.stacks(Self.unwinding)
    // The frame pointer leads to a return address outside code.
    #expect(Sampled(stack: [0x3010, 0x9000]).append(to: stacks) == [0x5000, Self.lost])
    // An unknown process that is not in /proc either.
    #expect(Sampled().append(to: stacks, pid: 0x7fff_fffe) == [0x5000, Self.lost])
    // 32-bit code.
    #expect(Sampled(abi: 1).append(to: stacks) == [0x5000, Self.lost])
    #expect(stacks.problems.count == 1)
    #expect(stacks.problems[0].contains("3 of 3 stacks end in code"))
  }

  @Test func aThreadOfTheKernelsHasNoOtherSide() {
    let stacks = Self.stacks(Self.unwinding)
    let found = Sampled(
      address: Self.kernel, callchain: [Self.kernelMark, Self.kernel, Self.kernel + 8], abi: 0
    ).append(to: stacks)
    #expect(found == [Self.kernel, Self.kernel + 8])
    #expect(stacks.figures.walked == 0)
  }

  @Test func byFramePointersACallerNeedsCode() {
    let stacks = Self.stacks(.framePointers)
    let chain = [Self.kernelMark, Self.kernel, Self.userMark, 0x5008, 0x5100, 0x1234, 0x5200]
    let found = Sampled(address: Self.kernel, callchain: chain).append(to: stacks)
    #expect(found == [Self.kernel, 0x5008, 0x5100, Self.lost])
    #expect(stacks.figures.endless == 1)
    // The thread's own address is always kept; code generated at run time is never an entry
    // function.
    let strange = Sampled(address: 0x1234, callchain: [Self.userMark, 0x1234, 0x5100])
    #expect(strange.append(to: stacks) == [0x1234, 0x5100, Self.lost])
    // For an unknown process, everything is kept.
    let unknown = Sampled(callchain: [Self.userMark, 0x5008, 0x1234])
    #expect(unknown.append(to: stacks, pid: 0x7fff_fffe) == [0x5008, 0x1234])
  }

  /// A record in the kernel's format, with registers and a stack of which less was copied than
  /// requested.
  @Test func theRecordHasRegistersAndAStack() {
    let parser = PerfRecordParser(fields: .callFrames, userRegisterCount: 17)
    let registers = (0..<17).map { UInt64($0) + 100 }
    let words: [UInt64] =
      [0x5000, 8 << 32 | 7, 1_000_000, 1, 9, 0] + [2] + registers + [32] + [1, 2, 3, 4] + [16]
    let head = UInt64(PerfRecordKind.sample) | UInt64(8 + words.count * 8) << 48
    let record = Self.bytes([head] + words)
    record.withUnsafeBytes {
      guard case .sample(let sample) = parser.parse($0) else {
        Issue.record("no sample")
        return
      }
      #expect(sample.registersABI == 2)
      #expect(sample.userRegisters.count == 17 * 8)
      let unwound = UnwindRegisters(perf: sample.userRegisters)
      #expect(unwound.programCounter == 108 && unwound.stackPointer == 107)
      #expect(unwound.framePointer == 106)
      #expect(Array(sample.userStack) == Self.bytes([1, 2]))
    }
    // Truncated anywhere, it is refused or read within its bounds.
    for length in stride(from: 0, to: record.count, by: 8) {
      Array(record[..<length]).withUnsafeBytes { _ = parser.parse($0) }
    }
  }
}
