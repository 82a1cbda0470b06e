internal import CTraceShims
internal import Glibc

/// Estimates of what a place has allocated since the program's start.
struct HeapAmounts: Hashable {
  /// In 65,536ths of an object.
  var allocatedObjects: Int64 = 0
  var freedObjects: Int64 = 0
  var allocatedBytes: Int64 = 0
  var freedBytes: Int64 = 0

  static let objectUnit: Int64 = 65_536

  /// Numbers of objects and bytes: allocated, and of these in use; in the order of Go's types.
  var values: [Int64] {
    [
      Self.whole(allocatedObjects), allocatedBytes,
      Self.whole(allocatedObjects &- freedObjects), allocatedBytes &- freedBytes,
    ]
  }

  /// Mean size of the objects allocated.
  var objectBytes: Int64? {
    let objects = Double(allocatedObjects) / Double(Self.objectUnit)
    let size = objects == 0 ? 0 : (Double(allocatedBytes) / objects).rounded()
    return size > 0 && size < 1e18 ? Int64(size) : nil
  }

  private static func whole(_ units: Int64) -> Int64 {
    Int64((Double(units) / Double(objectUnit)).rounded())
  }

  static func - (a: HeapAmounts, b: HeapAmounts) -> HeapAmounts {
    HeapAmounts(
      allocatedObjects: a.allocatedObjects &- b.allocatedObjects,
      freedObjects: a.freedObjects &- b.freedObjects,
      allocatedBytes: a.allocatedBytes &- b.allocatedBytes,
      freedBytes: a.freedBytes &- b.freedBytes)
  }
}

/// A place that allocates: a stack, and sizes of about one size.
struct HeapPlace: Hashable {
  /// Return addresses, innermost first; empty for what had no place of its own.
  var stack: [UInt64]
  var sizeClass: UInt32
}

/// What libtraceheap.so knows, if it is loaded in this process: preloaded, or linked.
///
/// - Guarantee: takes no lock of the allocator's hooks. At most 32,768 places.
/// - Cost: reading copies 432 bytes for each place.
struct HeapSampler {
  static let missing = PprofRefusal(
    501,
    "Heap allocations are not sampled in this program. Start it with "
      + "LD_PRELOAD=/path/to/libtraceheap.so, or link that library (product traceheap of "
      + "trace-engine); see Docs/pprof.md.")
  private static let other = PprofRefusal(
    501, "The libtraceheap.so in this program is of another version than its TracePprof.")

  private typealias Body =
    @convention(c) (UnsafePointer<trace_heap_site>, UnsafeMutableRawPointer?) -> Void
  private typealias Sites =
    @convention(c) (UInt32, Body, UnsafeMutableRawPointer?) -> Int32
  private typealias Count = @convention(c) (UnsafeMutablePointer<trace_heap_counts>) -> Void

  private let sites: Sites
  private let count: Count

  /// - Throws: the reason why there is none.
  init() throws(PprofRefusal) {
    guard let count = dlsym(nil, "trace_heap_count") else { throw Self.missing }
    guard let sites = dlsym(nil, "trace_heap_sites") else { throw Self.other }
    self.sites = unsafeBitCast(sites, to: Sites.self)
    self.count = unsafeBitCast(count, to: Count.self)
  }

  /// What the calling thread allocates is not sampled from now on.
  static func leaveOutThisThread() {
    guard let address = dlsym(nil, "trace_heap_leave_out_thread") else { return }
    unsafeBitCast(address, to: (@convention(c) () -> Void).self)()
  }

  var counts: trace_heap_counts {
    var counts = trace_heap_counts()
    count(&counts)
    return counts
  }

  /// Number of samples taken; nil if the heap is not sampled.
  static var sampleCount: UInt64? { (try? HeapSampler())?.counts.samples }

  /// All places with what they allocated.
  ///
  /// - Throws: if the library is of another version.
  func amounts() throws(PprofRefusal) -> [HeapPlace: HeapAmounts] {
    var found: [HeapPlace: HeapAmounts] = [:]
    let code = withUnsafeMutablePointer(to: &found) { found in
      sites(
        UInt32(MemoryLayout<trace_heap_site>.size),
        { site, found in
          guard let found = found?.assumingMemoryBound(to: [HeapPlace: HeapAmounts].self) else {
            return
          }
          found.pointee[HeapPlace(site)] = HeapAmounts(site)
        }, found)
    }
    guard code == 0 else { throw Self.other }
    return found
  }
}

extension HeapPlace {
  init(_ site: UnsafePointer<trace_heap_site>) {
    let depth = Int(min(site.pointee.depth, UInt32(TRACE_HEAP_FRAMES)))
    let offset = MemoryLayout<trace_heap_site>.offset(of: \.frames) ?? 0
    let frames = UnsafeRawPointer(site) + offset
    stack = (0..<depth).map { frames.loadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self) }
    sizeClass = site.pointee.size_class
  }
}

extension HeapAmounts {
  init(_ site: UnsafePointer<trace_heap_site>) {
    allocatedObjects = Int64(clamping: site.pointee.allocated_objects)
    freedObjects = min(Int64(clamping: site.pointee.freed_objects), allocatedObjects)
    allocatedBytes = Int64(clamping: site.pointee.allocated_bytes)
    freedBytes = min(Int64(clamping: site.pointee.freed_bytes), allocatedBytes)
  }
}
