/// The address ranges that represent methods in the stacks from the virtual machine, because
/// interpreted frames have no addresses. The byte at `base + n` represents byte code `n`.
///
/// - Guarantee: at most ``methodsMax`` methods, within the reserved region. A range is reused only
///   after its method was removed.
/// - Cost: about 60 bytes per method.
struct MethodPlaces {
  static let methodsMax = 1 << 16
  /// Takes only address space. Java methods have 40 bytes of byte code on average.
  static let regionBytes: UInt64 = 64 << 20

  struct Place: Equatable {
    var base: UInt64
    var size: UInt32
    /// The machine's weak reference to the method's class: while the class exists, the method's
    /// handle is not reused.
    var owner: UInt
  }

  /// The range for all methods beyond the limits.
  let overflow: Place
  private(set) var places: [UInt64: Place] = [:]
  private var next: UInt64
  private let end: UInt64
  private let limit: Int
  private var free: [UInt32: [UInt64]] = [:]

  init(base: UInt64, bytes: UInt64, limit: Int = methodsMax) {
    overflow = Place(base: base, size: 16, owner: 0)
    next = base + 16
    end = base + bytes
    self.limit = limit
  }

  subscript(id: UInt64) -> Place? { places[id] }

  /// Adds a range for a method that has none; nil if there is no space.
  mutating func insert(_ id: UInt64, byteCodes: Int64, owner: UInt) -> Place? {
    guard places.count < limit else { return nil }
    // One more than the byte codes, because a return address is one byte after its call.
    let size = UInt32(clamping: min(max(byteCodes, 0), 0xFFFF) + 1 + 15) & ~15
    let base: UInt64
    if let reused = free[size]?.popLast() {
      base = reused
    } else {
      guard next + UInt64(size) <= end else { return nil }
      base = next
      next += UInt64(size)
    }
    let place = Place(base: base, size: size, owner: owner)
    places[id] = place
    return place
  }

  mutating func remove(_ id: UInt64) -> Place? {
    guard let place = places.removeValue(forKey: id) else { return nil }
    free[place.size, default: []].append(place.base)
    return place
  }
}
