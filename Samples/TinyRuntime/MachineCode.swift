import Glibc

/// Machine code in separate pages, never writable and executable at once.
struct MachineCode {
  let address: UInt64
  let byteCount: Int
  private let function: @convention(c) (UInt64) -> UInt64

  /// Nil if the system provides no executable memory.
  init?(compiling body: [Method.Operation]) {
    let bytes = Self.prologue + body.flatMap(Self.encode) + Self.epilogue
    let pages = mmap(
      nil, bytes.count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let pages, pages != MAP_FAILED else { return nil }
    pages.copyMemory(from: bytes, byteCount: bytes.count)
    // Linux synchronizes the instruction cache when pages become executable.
    guard mprotect(pages, bytes.count, PROT_READ | PROT_EXEC) == 0 else {
      munmap(pages, bytes.count)
      return nil
    }
    address = UInt64(UInt(bitPattern: pages))
    byteCount = bytes.count
    function = unsafeBitCast(pages, to: (@convention(c) (UInt64) -> UInt64).self)
  }

  func callAsFunction(_ argument: UInt64) -> UInt64 { function(argument) }

  private static func littleEndian(_ word: UInt32) -> [UInt8] {
    [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: word >> $0) }
  }

  #if arch(x86_64)
    // mov rax, rdi … ret
    private static let prologue: [UInt8] = [0x48, 0x89, 0xf8]
    private static let epilogue: [UInt8] = [0xc3]

    /// `operation rax, ecx-extended immediate`: the operand is passed in rcx, whose upper half is
    /// cleared by a 32-bit move.
    private static func encode(_ operation: Method.Operation) -> [UInt8] {
      switch operation {
      case .add(let operand): [0xb9] + littleEndian(operand) + [0x48, 0x01, 0xc8]
      case .multiply(let operand): [0xb9] + littleEndian(operand) + [0x48, 0x0f, 0xaf, 0xc1]
      case .xor(let operand): [0xb9] + littleEndian(operand) + [0x48, 0x31, 0xc8]
      }
    }
  #elseif arch(arm64)
    private static let prologue: [UInt8] = []
    // ret
    private static let epilogue: [UInt8] = littleEndian(0xd65f_03c0)

    /// `operation x0, x0, x9` after `movz w9` and `movk w9` with the operand.
    private static func encode(_ operation: Method.Operation) -> [UInt8] {
      switch operation {
      case .add(let operand): load(operand) + littleEndian(0x8b09_0000)
      case .multiply(let operand): load(operand) + littleEndian(0x9b09_7c00)
      case .xor(let operand): load(operand) + littleEndian(0xca09_0000)
      }
    }

    private static func load(_ operand: UInt32) -> [UInt8] {
      littleEndian(0x5280_0009 | (operand & 0xffff) << 5)
        + littleEndian(0x72a0_0009 | (operand >> 16) << 5)
    }
  #endif
}
