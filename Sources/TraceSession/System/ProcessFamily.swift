import TraceControl

/// Finds the descendants of processes through /proc.
public enum ProcessFamily {
  /// The descendants that run now, except those whose intermediate ancestors have ended.
  ///
  /// - Cost: reads /proc/PID/stat of every visible process, at most 65,536.
  public static func descendants(of pids: Set<UInt32>) -> Set<UInt32> {
    var children: [UInt32: [UInt32]] = [:]
    for pid in ProcFiles.processes() {
      guard let parent = ProcessIdentity.parent(of: pid) else { continue }
      children[parent, default: []].append(pid)
    }
    var found: Set<UInt32> = []
    var open = Array(pids)
    while let next = open.popLast() {
      for child in children[next] ?? [] where !pids.contains(child) {
        if found.insert(child).inserted { open.append(child) }
      }
    }
    return found
  }
}
