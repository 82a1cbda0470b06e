internal import Locks
internal import TraceKernel
internal import TraceSymbols

/// The build ids of the files that this process has mapped, for the requests that follow.
///
/// - Guarantee: at most ``filesMax`` files; when there are more, it begins anew.
final class BuildIDs: Sendable {
  static let filesMax = 4096
  static let shared = BuildIDs()

  private struct Key: Hashable {
    var path: String
    var device, inode: UInt64
  }

  private let known = Lock<[Key: [UInt8]]>([:])

  /// Empty if the file has none, or cannot be read.
  func id(of map: ProcessMap) -> [UInt8] {
    let key = Key(path: map.path, device: map.device, inode: map.inode)
    if let id = known.withLock({ $0[key] }) { return id }
    let id = (try? ELFFile(path: map.path))?.buildID?.bytes ?? []
    known.withLock { known in
      if known.count >= Self.filesMax { known = [:] }
      known[key] = id
    }
    return id
  }
}
