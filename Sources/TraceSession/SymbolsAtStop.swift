import CTraceShims
import Locks
import TraceAnalysis
import TraceEvents
import TraceFormat

/// The symbols that a session writes into its file at the end: of the functions in stacks, in
/// images, in the kernel and in the vDSO.
///
/// - Guarantee: ends within about ``limit_ns``, whatever the file contains. Images that were not
///   reached are named from the machine's files when the trace is read, and ``problem`` reports
///   that.
/// - Cost: reads the events with stacks once more, and then the symbols of the images.
final class SymbolsAtStop: Sendable {
  static let limit_ns: UInt64 = 6_000_000_000
  /// The part of the limit reserved for images if there are more stacks than can be read.
  static let imagesLimit_ns: UInt64 = 2_000_000_000

  let files = ImageFiles()
  private let stacks: [StackSpec]
  private let sentence = Lock<String?>(nil)

  /// Nil if the session records no stacks, or does not write symbols.
  init?(_ configuration: SessionConfiguration) {
    guard configuration.writesSymbols, configuration.outputPath != nil,
      configuration.cpuSampling != nil || configuration.switchStacks
        || !configuration.stacks.isEmpty
    else { return nil }
    stacks = configuration.stacks
  }

  /// The reason why the file does not have all symbols.
  var problem: String? { sentence.withLock { $0 } }

  /// Output to a pipe cannot be read again to find the functions in its stacks.
  func cannotReadBack() {
    sentence.withLock {
      $0 =
        "the names of functions are not in the trace, because a pipe gives nothing back; read it "
        + "on this machine, or collect into a file"
    }
  }

  /// Returns the symbols for a file that is complete except for its end. Called on the drain's
  /// thread.
  func symbols(of file: TraceFile) -> [ImageSymbols] {
    let start = trace_monotonic_ns()
    var limits = HitPlaces.Limits()
    limits.isOver = { trace_monotonic_ns() &- start > Self.limit_ns - Self.imagesLimit_ns }
    let places: HitPlaces
    do {
      places = try HitPlaces(file, limits: limits) { [stacks, providers = file.providers] in
        Self.admits($0, stacks, of: providers)
      }
    } catch {
      sentence.withLock { $0 = "no symbols were written into the file: \(error)" }
      return []
    }
    let naming = ImageNaming(places.images, file.session, files, end: start &+ Self.limit_ns)
    let symbols = naming.run()
    if places.isCutByProcesses {
      sentence.withLock {
        $0 =
          "the file has symbols only for what \(grouped(UInt64(limits.programsMax))) programs hit "
          + "first, the limit; the rest has names on this machine only"
      }
    } else if places.isCut || naming.isCut {
      sentence.withLock {
        $0 =
          "there was no time to write the symbols of everything that was hit into the file; the "
          + "rest has names on this machine only"
      }
    }
    return symbols
  }

  private static func admits(
    _ event: EventSchema, _ stacks: [StackSpec], of providers: [ProviderSchema]
  ) -> Bool {
    // The session's own events that have stacks: samples, switches and wake-ups.
    if event.provider == SystemSchema.providerName { return true }
    let provider = providers.first { $0.name == event.provider }
    return stacks.contains {
      $0.admits(event, of: provider ?? ProviderSchema(name: event.provider, events: [event]))
    }
  }
}
