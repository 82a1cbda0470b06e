import Glibc
import OSStrings

/// The pids for which the usual directories have sockets, kept between looks.
///
/// - Guarantee: a socket that was made before a look is found by it.
/// - Cost: a directory is read only when its names have changed since the last look.
struct DotNetNames {
  private struct Listing {
    var path: String
    var changed_ns: Int64 = -1
    var pids: Set<UInt32> = []
  }

  private var listings = Set(["/tmp", OSPath.getenv("TMPDIR") ?? "/tmp"]).sorted().map {
    Listing(path: $0)
  }

  /// The kernel's clock for files stands still for so long, at most: a directory that changed later
  /// than this before it was read may have changed again without a new time.
  private static let clockStep_ns: Int64 = 100_000_000

  /// Looks again. The pids may be those of dead processes.
  mutating func look() -> Set<UInt32> {
    for place in listings.indices { Self.look(&listings[place]) }
    return listings.reduce(into: []) { $0.formUnion($1.pids) }
  }

  private static func look(_ listing: inout Listing) {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    var status = stat()
    guard OSPath.stat(listing.path, &status) == 0 else {
      listing = Listing(path: listing.path)
      return
    }
    let changed_ns = nanoseconds(status.st_mtim)
    guard changed_ns != listing.changed_ns else { return }
    let isSettled = nanoseconds(now) > changed_ns &+ clockStep_ns
    listing.changed_ns = isSettled ? changed_ns : -1
    listing.pids = DotNetFinder.pids(in: listing.path)
  }

  private static func nanoseconds(_ time: timespec) -> Int64 {
    Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
  }
}
