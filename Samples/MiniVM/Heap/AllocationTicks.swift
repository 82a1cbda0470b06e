import TraceEvents
import TraceProvider

/// Emits one event for about every 100 kB allocated, with the object that crossed the limit.
struct AllocationTicks {
  private var sinceLast = 0
  private static let stepBytes = 100 << 10

  mutating func note(_ object: Object, byteCount: Int) {
    sinceLast += byteCount
    guard sinceLast >= Self.stepBytes else { return }
    let amount = UInt64(sinceLast)
    sinceLast = 0
    Runtime.provider.emit(
      GCAllocationTick(
        allocationAmount: amount, allocationKind: byteCount >= Self.stepBytes ? .large : .small,
        typeID: UInt64(object.kind), typeName: Self.typeName(of: object),
        address: UInt64(UInt(bitPattern: object.words)), objectSize: UInt64(byteCount)))
  }

  private static func typeName(of object: Object) -> String {
    switch Object.Kind(rawValue: object.kind) {
    case .string: "string"
    case .array, .storage: "array"
    case .record: "record"
    case .closure: "function"
    case nil: "?"
    }
  }
}

extension Object {
  /// Sets a string's bytes.
  func fill(_ bytes: some Collection<UInt8>) {
    let target = UnsafeMutableRawPointer(words + 1)
    for (offset, byte) in bytes.enumerated() {
      target.storeBytes(of: byte, toByteOffset: offset, as: UInt8.self)
    }
  }
}
