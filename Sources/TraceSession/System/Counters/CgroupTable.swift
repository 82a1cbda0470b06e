import TraceEvents

/// The cgroups of the traced processes, numbered from 1 in the order in which they were found.
struct CgroupTable {
  /// Maximum number of cgroups, for CPU time and for memory each.
  static let cgroupsMax = 32

  /// The numbers of a process's cgroups; 0 for none.
  struct Numbers: Hashable {
    var cpu: UInt32 = 0
    var memory: UInt32 = 0
  }

  private struct Entry<Files> {
    var path: String
    var files: Files
  }

  private let places = CgroupPlaces()
  private var cpu: [Entry<CgroupCPUFiles>] = []
  private var memory: [Entry<CgroupMemoryFiles>] = []
  private(set) var hasMore = false

  /// Returns the numbers of a process's cgroups, from its /proc/PID/cgroup.
  mutating func numbers(_ text: inout CounterText) -> Numbers {
    let paths = CgroupPlaces.paths(&text)
    var numbers = Numbers()
    // A controller belongs to the unified hierarchy if no other has it.
    if let path = paths["cpu"] {
      numbers.cpu = Self.number(path, in: &cpu, &hasMore) { [places] in
        let usage = paths["cpuacct"] == path ? places.controllers["cpuacct"] : nil
        return places.controllers["cpu"]?.directory(of: path).map {
          CgroupCPUFiles(directory: $0, usageDirectory: usage?.directory(of: path))
        }
      }
    } else if let path = paths[""] {
      numbers.cpu = Self.number(path, in: &cpu, &hasMore) { [places] in
        places.unified?.directory(of: path).map { CgroupCPUFiles(unified: $0) }
      }
    }
    if let path = paths["memory"] {
      numbers.memory = Self.number(path, in: &memory, &hasMore) { [places] in
        places.controllers["memory"]?.directory(of: path).map {
          CgroupMemoryFiles(directory: $0)
        }
      }
    } else if let path = paths[""] {
      numbers.memory = Self.number(path, in: &memory, &hasMore) { [places] in
        places.unified?.directory(of: path).map { CgroupMemoryFiles(unified: $0) }
      }
    }
    return numbers
  }

  private static func number<Files>(
    _ path: String, in entries: inout [Entry<Files>], _ hasMore: inout Bool, _ open: () -> Files?
  ) -> UInt32 {
    if let known = entries.firstIndex(where: { $0.path == path }) { return UInt32(known + 1) }
    guard entries.count < cgroupsMax else {
      hasMore = true
      return 0
    }
    guard let files = open() else { return 0 }
    entries.append(Entry(path: path, files: files))
    return UInt32(entries.count)
  }

  /// Nil if the cgroup does not exist any more.
  func readCPU(
    _ number: UInt32, _ buffer: UnsafeMutableRawBufferPointer
  ) -> CgroupCPUCounters? {
    let entry = cpu[Int(number) - 1]
    return entry.files.read(number, entry.path, buffer)
  }

  /// Nil if the cgroup does not exist any more.
  func readMemory(
    _ number: UInt32, _ buffer: UnsafeMutableRawBufferPointer
  ) -> CgroupMemoryCounters? {
    let entry = memory[Int(number) - 1]
    return entry.files.read(number, entry.path, buffer)
  }
}
