import Synchronization

/// The compiled code that was announced and still lives: an unload names only the address, and the
/// machine's replay must not announce twice.
///
/// Memory: 40 bytes an entry, while somebody listens for JIT or symbol events only.
final class CodeTable: Sendable {
  struct Entry: Equatable {
    var methodID: UInt64
    var size: UInt32
    /// How many versions of the method were announced before.
    var version: UInt32
    /// Whether a live event told of it, not only a session's rundown.
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
    /// Only sessions that asked for a rundown know of it.
    case rundownOnly
    case told
  }

  /// Notes code at `address`: its entry, and who was told of the same code before.
  ///
  /// - Parameter forEveryone: whether everybody is told of it now.
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

  /// The method's code at `address`, which is forgotten; nil when another's code is there by now.
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
