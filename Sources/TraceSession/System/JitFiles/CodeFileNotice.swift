import OSStrings
import TraceEvents
import TraceKernel

/// A notice about a process, for the reader of the files that announce its code.
struct CodeFileNotice: Hashable {
  enum Kind: Hashable {
    /// It runs code or has memory for compiled code, so there may be a perf map.
    case mayHaveMap
    /// It has mapped a file with a jitdump's name.
    case mapped(path: String, device: UInt64, inode: UInt64)
    /// It was forked from a process that had mapped a jitdump.
    case forked(parent: UInt32)
    /// It runs another program.
    case execed
    case ended
  }

  var kind: Kind
  var pid: UInt32
  /// The session's number of it; nil in a notice of its end.
  var process: UInt32?
  var ticks: UInt64
  /// When its current program began; nil if not known.
  var began: UInt64?
  /// Whether it ran before the session began.
  var isRundown = false
}

/// Collects from the kernel's records of processes the events that matter for files that announce
/// code.
///
/// - Cost: a set lookup for each sample.
final class CodeFileNotices: RuntimeCodeObserver {
  /// Notices that were not taken yet, in order.
  private(set) var waiting: [CodeFileNotice] = []
  /// Running processes that have had notices.
  private var told: Set<UInt32> = []
  private var mayHaveMap: Set<UInt32> = []
  /// Processes with a jitdump, mapped by themselves or by their parent.
  private var haveDumps: Set<UInt32> = []
  /// When the current programs of running processes began.
  private var beginnings: [UInt32: UInt64] = [:]

  /// Maximum number of processes whose beginning is kept; /proc has that of others, in steps of
  /// 10 ms.
  static let beginningsMax = 65_536

  /// Called when the process was sampled, or has executable memory without a file.
  func mayHaveMap(
    _ pid: UInt32, process: UInt32, atTicks ticks: UInt64, isRundown: Bool = false
  ) {
    guard pid != 0, mayHaveMap.insert(pid).inserted else { return }
    add(.mayHaveMap, pid, process, ticks, isRundown)
  }

  func sampled(_ pid: UInt32, process: UInt32, atTicks ticks: UInt64) {
    mayHaveMap(pid, process: process, atTicks: ticks)
  }

  func mapped(_ image: ImageMap, pid: UInt32, process: UInt32, atTicks ticks: UInt64) {
    let name = MappedName(shown: image.path)
    if name.kind.isJitdump {
      guard !name.isDeleted else { return }
      haveDumps.insert(pid)
      add(
        .mapped(path: name.path, device: image.device, inode: image.inode), pid, process, ticks,
        false)
    } else if name.kind.mayHoldRuntimeCode {
      mayHaveMap(pid, process: process, atTicks: ticks)
    }
  }

  /// Called for a map of a process that ran before the session.
  func found(
    _ map: ProcessMap, pid: UInt32, process: UInt32, atTicks ticks: UInt64
  ) {
    let kind = map.name.kind
    if kind.isJitdump {
      guard !map.isDeleted else { return }
      let kind = CodeFileNotice.Kind.mapped(path: map.path, device: map.device, inode: map.inode)
      haveDumps.insert(pid)
      add(kind, pid, process, ticks, true)
    } else if map.isExecutable, kind.mayHoldRuntimeCode {
      mayHaveMap(pid, process: process, atTicks: ticks, isRundown: true)
    }
  }

  func forked(
    _ pid: UInt32, from parent: UInt32, process: UInt32, atTicks ticks: UInt64
  ) {
    begin(pid, atTicks: ticks)
    guard haveDumps.contains(parent) else { return }
    haveDumps.insert(pid)
    add(.forked(parent: parent), pid, process, ticks, false)
  }

  func execed(_ pid: UInt32, process: UInt32, atTicks ticks: UInt64) {
    haveDumps.remove(pid)
    begin(pid, atTicks: ticks)
    guard told.contains(pid) else { return }
    add(.execed, pid, process, ticks, false)
  }

  private func begin(_ pid: UInt32, atTicks ticks: UInt64) {
    guard beginnings.count < Self.beginningsMax || beginnings[pid] != nil else { return }
    beginnings[pid] = ticks
  }

  func ended(_ pid: UInt32, atTicks ticks: UInt64) {
    beginnings[pid] = nil
    guard told.remove(pid) != nil else { return }
    mayHaveMap.remove(pid)
    haveDumps.remove(pid)
    add(.ended, pid, nil, ticks, false)
  }

  /// Called when the pid denotes another process from now on.
  func forget(_ pid: UInt32) {
    beginnings[pid] = nil
    told.remove(pid)
    mayHaveMap.remove(pid)
    haveDumps.remove(pid)
  }

  /// Returns and removes the waiting notices.
  func take() -> [CodeFileNotice] {
    defer { waiting.removeAll(keepingCapacity: true) }
    return waiting
  }

  private func add(
    _ kind: CodeFileNotice.Kind, _ pid: UInt32, _ process: UInt32?, _ ticks: UInt64,
    _ isRundown: Bool
  ) {
    if kind != .ended { told.insert(pid) }
    waiting.append(
      CodeFileNotice(
        kind: kind, pid: pid, process: process, ticks: ticks,
        began: kind == .ended || isRundown ? nil : beginnings[pid], isRundown: isRundown))
  }
}
