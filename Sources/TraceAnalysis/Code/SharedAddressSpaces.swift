/// Processes that have one address space: a process, and children that have its memory instead of a
/// copy. What one of them announces is code of all of them.
///
/// - Guarantee: memory is bounded, and so is the number of announcements that are repeated. Beyond
///   the limits, a child is treated like a forked one.
struct SharedAddressSpaces {
  private struct Member {
    var pid: UInt32
    var from: Int64
    var until = Int64.max

    func contains(_ time: Int64) -> Bool { from <= time && time < until }
  }

  static let groupsMax = 1024
  /// Maximum number of groups that a process was in and that are kept.
  static let groupsOfProcessMax = 16
  static let membersMax = 16
  static let copiesMax = 1_000_000

  /// The members of each group. The numbers of groups ascend.
  private var groups: [UInt64: [Member]] = [:]
  /// The groups that a process was in, latest last.
  private var byPID: [UInt32: [UInt64]] = [:]
  private var last: UInt64 = 0
  private var copiesLeft = copiesMax

  var isEmpty: Bool { groups.isEmpty }
  var groupCount: Int { groups.count }

  /// From this time on, the child has its parent's address space.
  mutating func join(_ child: UInt32, _ parent: UInt32, at time: Int64) {
    guard child != parent else { return }
    leave(child, at: time)
    if let number = current(parent), groups[number]!.count(where: { $0.until == .max }) > 1 {
      guard groups[number]!.count < Self.membersMax else { return }
      groups[number]!.append(Member(pid: child, from: time))
      return note(number, child)
    }
    // A process whose earlier children are gone begins a new group.
    leave(parent, at: time)
    if groups.count >= Self.groupsMax, let oldest = groups.keys.min() { remove(oldest) }
    last &+= 1
    groups[last] = [Member(pid: parent, from: time), Member(pid: child, from: time)]
    for pid in [parent, child] { note(last, pid) }
  }

  /// The process has ended or runs another program. What it announced until then may be reported
  /// later.
  mutating func leave(_ pid: UInt32, at time: Int64) {
    guard let number = current(pid) else { return }
    for index in groups[number]!.indices where groups[number]![index].pid == pid {
      let member = groups[number]![index]
      groups[number]![index].until = min(member.until, max(time, member.from))
    }
  }

  /// Returns the other processes that had the process's address space at a time.
  mutating func others(than pid: UInt32, at time: Int64) -> [UInt32] {
    for number in byPID[pid] ?? [] {
      let members = groups[number]!
      guard members.contains(where: { $0.pid == pid && $0.contains(time) }) else { continue }
      let others = members.filter { $0.pid != pid && $0.contains(time) }.map(\.pid)
      guard others.count <= copiesLeft else { return [] }
      copiesLeft -= others.count
      return others
    }
    return []
  }

  private func current(_ pid: UInt32) -> UInt64? {
    byPID[pid]?.last { number in
      groups[number]!.contains { $0.pid == pid && $0.until == .max }
    }
  }

  private mutating func note(_ number: UInt64, _ pid: UInt32) {
    byPID[pid, default: []].append(number)
    if let first = byPID[pid]!.first, byPID[pid]!.count > Self.groupsOfProcessMax { remove(first) }
  }

  private mutating func remove(_ number: UInt64) {
    for pid in Set((groups.removeValue(forKey: number) ?? []).map(\.pid)) {
      byPID[pid]?.removeAll { $0 == number }
      if byPID[pid]?.isEmpty == true { byPID[pid] = nil }
    }
  }
}
