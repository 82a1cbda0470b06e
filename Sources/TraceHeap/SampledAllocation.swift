import CTraceHeap
import Glibc
import TraceEvents

/// A ``HeapAlloc`` as the hooks emit it: its type is no `String`, which would be allocated.
struct SampledAllocation: TraceEvent {
  nonisolated(unsafe) private let sample: UnsafePointer<trace_heap_sample>

  /// - Parameter sample: must be valid while the event is emitted.
  init(_ sample: UnsafePointer<trace_heap_sample>) { self.sample = sample }

  static var eventID: UInt16 { HeapAlloc.eventID }
  static var schema: EventSchema { HeapAlloc.schema }

  func encode(into encoder: inout EventEncoder) {
    encoder.encode(sample.pointee.address)
    encoder.encode(sample.pointee.size)
    encoder.encode(sample.pointee.weight)
    encoder.encode(sample.pointee.id)
    encoder.encode(
      UnsafeRawBufferPointer(
        start: sample.pointee.type, count: sample.pointee.type.map { strlen($0) } ?? 0))
  }

  /// Never called: this program only emits.
  init(from decoder: inout EventDecoder) { fatalError("a SampledAllocation is not read") }

  /// Appends the sample's return addresses.
  static func append(
    _ sample: UnsafePointer<trace_heap_sample>, to frames: inout OutputSpan<UInt64>
  ) {
    let depth = Int(min(sample.pointee.depth, UInt32(TRACE_HEAP_FRAMES)))
    let first = UnsafeRawPointer(sample).advanced(
      by: MemoryLayout<trace_heap_sample>.offset(of: \.frames) ?? 0)
    let addresses = first.assumingMemoryBound(to: UInt64.self)
    for index in 0..<min(depth, frames.freeCapacity) { frames.append(addresses[index]) }
  }
}
