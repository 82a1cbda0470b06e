internal import Glibc
internal import TraceAnalysis
internal import TraceExport
internal import TraceFormat

/// `heap` and `allocs`: what is in use, and what was allocated since the program's start.
enum HeapEndpoint {
  /// The two differ in what tools show first.
  enum Kind: String {
    case heap
    case allocs
  }

  struct Parameters {
    var kind: Kind
    var isText: Bool
    /// Nil for everything since the program's start.
    var delta: DeltaTime?

    init(_ kind: Kind, _ query: PprofQuery, _ options: PprofOptions) throws(PprofRefusal) {
      self.kind = kind
      isText = try query.number("debug", in: 0...1, default: 0) == 1
      // Without a garbage collector there is nothing to do: what is not in use has been freed.
      _ = try query.number("gc", in: 0...1, default: 0)
      delta = try DeltaTime(query, options)
    }
  }

  static func answer(
    _ parameters: Parameters, _ cancellation: Cancellation
  ) throws(PprofRefusal) -> PprofResponse {
    let sampler = try HeapSampler()
    let name = parameters.kind.rawValue
    let start_ns = Int64(clamping: ClockSync.now(.monotonic).realtimeNanoseconds)
    var amounts = try sampler.amounts()
    var duration_ns: Int64 = 0
    if let delta = parameters.delta {
      let before = amounts
      duration_ns = try delta.wait(cancellation)
      amounts = try sampler.amounts()
      for (place, amount) in before { amounts[place] = amounts[place].map { $0 - amount } }
    }
    do {
      let profile = try HeapProfile(amounts)
      let counts = sampler.counts
      if parameters.isText {
        return PprofResponse(text: HeapText(profile, counts).text)
      }
      var heading = HeapProfile.heading(counts, start_ns: start_ns)
      heading.shownType = parameters.kind == .heap ? "inuse_space" : "alloc_space"
      heading.duration_ns = duration_ns
      let bytes = profile.bytes(heading)
      return PprofResponse(
        file: parameters.delta == nil ? name : name + "-delta", PprofBody(bytes))
    } catch {
      throw PprofRefusal(500, "The profile cannot be made: \(error).")
    }
  }
}
