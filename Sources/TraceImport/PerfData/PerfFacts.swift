internal import TraceEvents
internal import TraceKernel

/// What a recording says about processes that ran before it began, and about images.
final class PerfFacts: ProcessFacts {
  struct Known {
    var parent: UInt32 = 0
    /// Names by thread.
    var names: [UInt32: String] = [:]
  }

  /// The number of threads that are kept.
  private static let threadsMax = 1 << 20

  private(set) var processes: [UInt32: Known] = [:]
  private(set) var order: [UInt32] = []
  private var threadCount = 0
  var buildIDs: [String: [UInt8]] = [:]

  func add(_ pid: UInt32, thread: UInt32, name: String? = nil, parent: UInt32? = nil) {
    guard threadCount < Self.threadsMax else { return }
    threadCount += 1
    if processes[pid] == nil { order.append(pid) }
    if let parent, pid == thread { processes[pid, default: Known()].parent = parent }
    let known = processes[pid]?.names[thread] ?? ""
    processes[pid, default: Known()].names[thread] = name ?? known
  }

  func name(of pid: UInt32, thread: UInt32) -> String? { processes[pid]?.names[thread] }

  func process(_ pid: UInt32, at nanoseconds: UInt64) -> KnownProcess? {
    processes[pid].map { KnownProcess(parentPID: $0.parent) }
  }

  func threads(of pid: UInt32) -> [UInt32] {
    (processes[pid]?.names.keys).map { $0.sorted() } ?? []
  }

  func buildID(of image: ImageMap, in pid: UInt32, mappedAt nanoseconds: UInt64?) -> [UInt8] {
    if !image.buildID.isEmpty { return image.buildID }
    return buildIDs[image.path] ?? PerfInjected.buildID(of: image)
  }
}
