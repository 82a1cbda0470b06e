import CTraceShims
import Glibc
import Locks
import Synchronization
import TraceAnalysis
import TraceFormat

/// Reads the symbols of the images in a trace's stacks, on several cores.
///
/// - Guarantee: starts no image after `end`. The result does not depend on the number of threads.
/// - Cost: each thread keeps the symbol table of one image at a time.
final class ImageNaming: Sendable {
  /// More threads would keep more tables in memory.
  static let threadsMax = 4

  private let images: [HitPlaces.Image]
  private let session: SessionDescription
  private let files: ImageFiles
  private let end: UInt64
  private let next = Atomic<Int>(0)
  private let named: Lock<[Int: ImageSymbols]> = Lock([:])
  private let isLate = Atomic<Bool>(false)

  /// - Parameter end: nanoseconds of CLOCK_MONOTONIC.
  init(
    _ images: [HitPlaces.Image], _ session: SessionDescription, _ files: ImageFiles, end: UInt64
  ) {
    self.images = images
    self.session = session
    self.files = files
    self.end = end
  }

  /// Whether time ran out before the last image.
  var isCut: Bool { isLate.load(ordering: .relaxed) }

  /// Returns the symbols, in the order of the images. Call it once.
  func run() -> [ImageSymbols] {
    let cores = sysconf(Int32(_SC_NPROCESSORS_ONLN))
    let helpers = max(min(cores, Self.threadsMax, images.count) - 1, 0)
    // If no thread can be created, this thread does all the work.
    let threads = (0..<helpers).compactMap { _ in
      try? NamedThread("trace-symbols") { [self] in work() }
    }
    work()
    for thread in threads { thread.join() }
    return named.withLock { $0.sorted { $0.key < $1.key }.map(\.value) }
  }

  private func work() {
    while true {
      let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
      guard index < images.count else { return }
      guard trace_monotonic_ns() < end else { return isLate.store(true, ordering: .relaxed) }
      // Sources cache what they read, so each image gets new ones.
      let sources: [any ImageSymbolProvider] = [
        MachineImages(session: session, opensForProcesses: true), HeldImages(files),
      ]
      guard let symbols = images[index].named(by: sources) else { continue }
      named.withLock { $0[index] = symbols }
    }
  }
}
