/// Registers of x86-64, by their encodings.
enum NativeRegister: UInt8 {
  case rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15
}

enum FloatRegister: UInt8 { case xmm0, xmm1 }

/// Conditions, by their encodings in jumps.
enum Condition: UInt8 {
  case overflow = 0x0, below = 0x2, aboveOrEqual = 0x3, equal = 0x4, notEqual = 0x5
  case above = 0x7, less = 0xc, lessOrEqual = 0xe
}

/// Writes x86-64 instructions into its own memory; jumps refer to labels.
final class Assembler {
  private let bytes: UnsafeMutablePointer<UInt8>
  private let capacity: Int
  private(set) var count = 0
  /// The position of each label; -1 until it is placed.
  private var labels: [Int] = []
  private var jumps: [(at: Int, label: Int)] = []

  init(capacity: Int) {
    self.capacity = capacity
    bytes = .allocate(capacity: capacity)
  }

  deinit { bytes.deallocate() }

  /// Whether the code did not fit.
  var isFull: Bool { count > capacity - 32 }

  func reset() {
    count = 0
    labels.removeAll(keepingCapacity: true)
    jumps.removeAll(keepingCapacity: true)
  }

  // MARK: Labels

  func newLabel() -> Int { newLabels(1) }

  /// Creates consecutive labels; returns the first.
  func newLabels(_ count: Int) -> Int {
    labels.append(contentsOf: repeatElement(-1, count: count))
    return labels.count - count
  }

  func place(_ label: Int) { labels[label] = count }

  func offset(of label: Int) -> Int { labels[label] }

  /// Completes the jumps, and returns the code; valid until the next ``reset()``.
  func finish() -> UnsafeRawBufferPointer {
    for jump in jumps {
      let distance = Int32(labels[jump.label] - (jump.at + 4))
      UnsafeMutableRawPointer(bytes).storeBytes(of: distance, toByteOffset: jump.at, as: Int32.self)
    }
    return UnsafeRawBufferPointer(start: bytes, count: count)
  }

  // MARK: Bytes

  func emit(_ byte: UInt8) {
    guard count < capacity else { return }
    bytes[count] = byte
    count += 1
  }

  func emit(_ first: UInt8, _ second: UInt8) {
    emit(first)
    emit(second)
  }

  func emit32(_ value: UInt32) {
    guard count + 4 <= capacity else { return }
    UnsafeMutableRawPointer(bytes).storeBytes(of: value, toByteOffset: count, as: UInt32.self)
    count += 4
  }

  func emit64(_ value: UInt64) {
    emit32(UInt32(truncatingIfNeeded: value))
    emit32(UInt32(truncatingIfNeeded: value >> 32))
  }

  /// Emits a distance to a label, which is filled in at the end.
  func emitDistance(to label: Int) {
    jumps.append((count, label))
    emit32(0)
  }
}
