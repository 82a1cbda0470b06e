import TraceControl
import TraceEvents
import TraceFormat

/// Samples that processes take of themselves, where the kernel's may not be used.
extension RendezvousState {
  /// From now on every process that connects, or is connected, samples itself at this interval; 0
  /// ends it.
  mutating func sampleThreads(interval_ns: UInt64) {
    samplingInterval_ns = interval_ns
    for link in links.values { requestSamples(of: link, evenNone: true) }
  }

  /// Tells a process what is wanted. It needs the session's memory for that, though it may have no
  /// provider that anybody wants.
  mutating func requestSamples(of link: ProcessLink, evenNone: Bool = false) {
    guard sink != nil, !isStopping, link.record != nil, link.conversation.hello != nil,
      samplingInterval_ns != 0 || (evenNone && link.slot != nil)
    else { return }
    guard let (ref, isNew) = refs.ref(for: SampledProfile.schema) else {
      note("it cannot be sampled: the session has too many event types", link)
      return
    }
    if isNew { sink?.define(ref: ref, schema: SampledProfile.schema) }
    if link.slot == nil, !welcome(link) { return }
    link.send(.sampling(SamplingRequest(ref: ref, interval_ns: samplingInterval_ns)))
  }
}
