/// The provider of libtraceheap.so, which samples a program's heap allocations.
public enum HeapSchema {
  public static let providerName = "Heap"
  /// Mean number of bytes between samples, unless another is chosen.
  public static let intervalUsual_bytes = 512 << 10

  /// The event types, in the order of their ids.
  public static let eventTypes: [any TraceEvent.Type] = [
    HeapSampling.self, HeapAlloc.self, HeapFree.self,
  ]
}

/// How a process's heap is sampled; emitted when a session enables the provider, and each time that
/// a sample or its end is not recorded.
public struct HeapSampling: ListedEvent, Hashable {
  /// Mean number of bytes between samples.
  public var interval: UInt64 = 0
  /// Number of samples that the process has taken.
  public var samples: UInt64 = 0
  /// Number of samples that were not recorded, because too many were live.
  public var dropped: UInt64 = 0
  /// Number of samples whose end was not recorded: a signal handler freed too many while its thread
  /// took a sample. Since version 1.
  public var unreported: UInt64 = 0

  public init() {}

  public init(interval: UInt64, samples: UInt64, dropped: UInt64, unreported: UInt64 = 0) {
    (self.interval, self.samples, self.dropped) = (interval, samples, dropped)
    self.unreported = unreported
  }

  public static var eventID: UInt16 { 1 }
  public static let schema = EventSchema(
    of: Self.self, provider: HeapSchema.providerName, version: 1, name: "HeapSampling")

  /// Lists the fields, as in the file.
  @inlinable @inline(__always)
  public static func fields(_ list: inout some FieldList<Self>) {
    list.field("interval", \.interval, hint: .bytes)
    list.field("samples", \.samples, hint: .count)
    list.field("dropped", \.dropped, hint: .count)
    list.field("unreported", \.unreported, hint: .count)
  }
}

/// A sampled allocation; as rundown, one that was in use when the session began.
///
/// An allocation is sampled with a probability that grows with its size. It stands for ``weight``
/// allocations of its size, so that sums of `weight` and of `size * weight` are unbiased.
public struct HeapAlloc: ListedEvent, Hashable {
  public var address: UInt64 = 0
  /// Bytes that the program asked for.
  public var size: UInt64 = 0
  /// Number of allocations for which this one stands: 1 / its probability.
  public var weight: Double = 0
  /// Number of the sample in the process, from 1; that of its ``HeapFree``.
  public var sample: UInt64 = 0
  /// The type of a Swift object, as `Module.Name<Arguments>`; empty for other memory.
  public var type = ""

  public init() {}

  public init(address: UInt64, size: UInt64, weight: Double, sample: UInt64, type: String = "") {
    (self.address, self.size, self.weight) = (address, size, weight)
    (self.sample, self.type) = (sample, type)
  }

  public static var eventID: UInt16 { 2 }
  public static let schema = EventSchema(
    of: Self.self, provider: HeapSchema.providerName, name: "HeapAlloc")

  /// Lists the fields, as in the file.
  @inlinable @inline(__always)
  public static func fields(_ list: inout some FieldList<Self>) {
    list.field("address", \.address, type: .pointer)
    list.field("size", \.size, hint: .bytes)
    list.field("weight", \.weight)
    list.field("sample", \.sample)
    list.field("type", \.type)
  }
}

/// The end of a sampled allocation: it was freed or resized.
public struct HeapFree: ListedEvent, Hashable {
  public var address: UInt64 = 0
  /// ``HeapAlloc/sample`` of the allocation.
  public var sample: UInt64 = 0

  public init() {}

  public init(address: UInt64, sample: UInt64) { (self.address, self.sample) = (address, sample) }

  public static var eventID: UInt16 { 3 }
  public static let schema = EventSchema(
    of: Self.self, provider: HeapSchema.providerName, name: "HeapFree")

  /// Lists the fields, as in the file.
  @inlinable @inline(__always)
  public static func fields(_ list: inout some FieldList<Self>) {
    list.field("address", \.address, type: .pointer)
    list.field("sample", \.sample)
  }
}
