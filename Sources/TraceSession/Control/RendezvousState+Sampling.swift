import TraceControl
import TraceEvents
import TraceFormat

/// Samples that processes take of themselves if the kernel's may not be used.
extension RendezvousState {
  /// Makes every connected and every new process sample itself at this interval; 0 ends it.
  mutating func sampleThreads(interval_ns: UInt64) {
    samplingInterval_ns = interval_ns
    for link in links.values { requestSamples(of: link, evenNone: true) }
  }

  /// Sends the sampling request to a process. The process needs the session's buffers for that,
  /// even if none of its providers is enabled.
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
