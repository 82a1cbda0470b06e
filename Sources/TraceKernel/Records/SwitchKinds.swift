/// What samples report, by their event's number, in a form that each sample can afford to ask.
///
/// An open-addressed table: the kernel numbers events one after the other, so that most have a slot
/// of their own.
struct SwitchKinds {
  private struct Slot {
    var identifier: UInt64 = 0
    /// Nil for an unused slot.
    var kind: SwitchEvents.Kind?
  }

  private var slots: [Slot]
  private let mask: Int

  var isEmpty: Bool { slots.isEmpty }

  init(_ kinds: [UInt64: SwitchEvents.Kind]) {
    guard !kinds.isEmpty else {
      (slots, mask) = ([], 0)
      return
    }
    // At least half of the slots are unused, so that each search ends.
    let count = 1 << (Int.bitWidth - (2 * kinds.count - 1).leadingZeroBitCount)
    slots = [Slot](repeating: Slot(), count: count)
    mask = count - 1
    for (identifier, kind) in kinds {
      slots[place(of: identifier)] = Slot(identifier: identifier, kind: kind)
    }
  }

  subscript(identifier: UInt64) -> SwitchEvents.Kind? {
    slots.isEmpty ? nil : slots[place(of: identifier)].kind
  }

  /// The identifier's slot, or the unused one in which it belongs.
  private func place(of identifier: UInt64) -> Int {
    var place = Int(truncatingIfNeeded: identifier) & mask
    while slots[place].kind != nil, slots[place].identifier != identifier {
      place = (place + 1) & mask
    }
    return place
  }
}
