import Synchronization

/// The announced compiled code that still exists. It is needed because an unload contains only the
/// address, and because the machine's replay must not announce code twice.
///
/// Memory: 40 bytes per entry, only while JIT or symbol events are enabled.
final class CodeTable: Sendable {
  struct Entry: Equatable {
    var methodID: UInt64
    var size: UInt32
    /// Number of versions of the method announced before.
    var version: UInt32
    /// Whether a live event announced it, not only a session's rundown.
    var isTold: Bool
  }

  private struct Tables {
    var live: [UInt64: Entry] = [:]
    var versions: [UInt64: UInt32] = [:]
  }

  static let shared = CodeTable()
  private let tables = Mutex(Tables())

  enum Novelty {
    case new
    /// Announced only in sessions' rundowns.
    case rundownOnly
    case told
  }

  /// Records code at `address`; returns its entry, and whether the same code was announced before.
  ///
  /// - Parameter forEveryone: whether it is now announced to all sessions.
  func insert(
    address: UInt64, methodID: UInt64, size: UInt32, forEveryone: Bool
  ) -> (entry: Entry, novelty: Novelty) {
    tables.withLock { tables in
      if let known = tables.live[address], known.methodID == methodID, known.size == size {
        tables.live[address]?.isTold = known.isTold || forEveryone
        return (known, known.isTold ? .told : .rundownOnly)
      }
      let version = tables.versions[methodID, default: 0]
      if methodID != 0 { tables.versions[methodID] = version &+ 1 }
      let entry = Entry(methodID: methodID, size: size, version: version, isTold: forEveryone)
      tables.live[address] = entry
      return (entry, .new)
    }
  }

  /// Removes and returns the method's code at `address`; nil if other code is there now.
  func remove(address: UInt64, methodID: UInt64) -> Entry? {
    tables.withLock { tables in
      guard let entry = tables.live[address], entry.methodID == methodID else { return nil }
      tables.live[address] = nil
      return entry
    }
  }

  func removeAll() {
    tables.withLock { $0 = Tables() }
  }
}
