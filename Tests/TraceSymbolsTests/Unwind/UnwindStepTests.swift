import Testing

@testable import TraceSymbols

/// Single steps with synthetic registers and stacks.
@Suite struct UnwindStepTests {
  static func bytes(_ words: [UInt64]) -> [UInt8] {
    words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) } }
  }

  /// Between the instructions of `pop %rbp; ret`, clang's unwind information still gives the
  /// address at which rbp was saved, which is below the stack pointer, and so not in a copy of the
  /// stack.
  @Test func aRegisterThatWasPoppedIsTheCallers() throws {
    var row = UnwindRow()
    row.frame = .register
    row.frameRegister = UInt8(UnwindRegisters.stackPointer)
    row.frameValue = 8
    row[UnwindRegisters.framePointer] = RegisterRule(kind: .savedAtOffset, value: -16)
    row[UnwindRegisters.programCounter] = RegisterRule(kind: .savedAtOffset, value: -8)
    var registers = UnwindRegisters()
    registers.stackPointer = 0x1000
    registers.framePointer = 0x7777
    registers.programCounter = 0x4000
    let images = UnwindImages()
    let image = try #require(images.id(of: UnwindImages.Identity(path: "/none"), in: 1))
    let expressions = images.expressions(of: image)
    let canonical = try Self.bytes([0x401000, 5]).withUnsafeBytes {
      try row.apply(to: &registers, StackCopy(address: 0x1000, bytes: $0), expressions)
    }
    #expect(canonical == 0x1008)
    #expect(registers.programCounter == 0x401000)
    #expect(registers.stackPointer == 0x1008)
    #expect(registers.framePointer == 0x7777)
  }

  @Test(
    arguments: [
      // Code generated at run time, called from 0x5100 of the same code, which the system started.
      ([0x3010, 0x5100, 0, 0x5200], [0x5000, 0x5100, 0x5200], UnwindEnd.complete),
      // Deeper than the copy.
      ([0x4000, 0x5100, 1, 2], [0x5000, 0x5100], .stackCut),
      // The second return address is outside code.
      ([0x3010, 0x5100, 0x3020, 0x9000], [0x5000, 0x5100], .notDescribed),
    ] as [([UInt64], [UInt64], UnwindEnd)])
  func codeWithoutAnImageKeepsFramePointers(words: [UInt64], frames: [UInt64], end: UnwindEnd) {
    var space = AddressSpace()
    space.map(0x5000..<0x6000, offset: 0, image: nil)
    var registers = UnwindRegisters()
    registers.stackPointer = 0x3000
    registers.framePointer = 0x3000
    registers.programCounter = 0x5000
    let unwinder = Unwinder()
    Self.bytes(words).withUnsafeBytes { bytes in
      withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 16) { room in
        let result = unwinder.unwind(
          registers, StackCopy(address: 0x3000, bytes: bytes), in: space, into: room)
        #expect(Array(room[..<result.count]) == frames)
        #expect(result.end == end)
      }
    }
  }
}
