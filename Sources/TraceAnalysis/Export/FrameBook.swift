internal import Locks
internal import TraceFormat
internal import TraceSymbols

/// What a profile's reader can know of a frame beyond its name: where its code and its source are.
public struct FrameOrigin: Hashable, Sendable {
  /// Position in ``StackProfile/modules``; nil if it is not known what was at the address.
  public var module: Int?
  /// The first such instruction that was met: in an image, its offset in the file, which is the
  /// same in all processes; otherwise its address. 0 if there is none.
  public var address: UInt64 = 0
  /// The name that the function's source recorded, which may be mangled; empty if unknown.
  public var rawName = ""
  /// The name in the program of an imported profile's function; empty if unknown.
  public var systemName = ""
  /// Path of the source as recorded by the compiler; empty if unknown.
  public var file = ""
  /// Line from 1; 0 if unknown.
  public var line: UInt32 = 0
  /// Times for which the met addresses had this code, in nanoseconds since the trace's start: from
  /// the first such time to the last. `Int64.min` and `.max` if they are not known to be limited;
  /// nil for a frame without code.
  public var lifetime: ClosedRange<Int64>?

  public init() {}
}

/// An address in a process.
struct CodePlace {
  var pid: UInt32
  var address: UInt64
  var time: Int64
  var isCaller: Bool
}

/// Collects the origins of frames while they are resolved. Each resolver notes them on a page of
/// its own.
///
/// - Guarantee: several threads may ask for pages concurrently. Of a frame on several pages, the
///   first page's origin holds.
/// - Cost: memory grows with the number of distinct frames.
package final class FrameBook: Sendable {
  private let pages = Lock([FramePage]())

  package init() {}

  /// Returns a new page, for one thread at a time.
  func page() -> FramePage {
    let page = FramePage()
    pages.withLock { $0.append(page) }
    return page
  }

  /// Returns the modules, and the origin of each frame of a table. The threads that use the pages
  /// must have ended.
  package func origins(
    of table: FrameTable
  ) -> (modules: [CodeModule], origins: [FrameOrigin]) {
    var origins = [FrameOrigin](repeating: FrameOrigin(), count: table.count)
    var isKnown = [Bool](repeating: false, count: table.count)
    var modules: [CodeModule] = []
    var numbers: [ModuleID: Int] = [:]
    for page in pages.withLock({ $0 }) {
      for entry in page.entries {
        guard let id = table.known(entry.frame) else { continue }
        let frame = Int(id.rawValue)
        if isKnown[frame] {
          if let lifetime = entry.origin.lifetime {
            origins[frame].lifetime = lifetime.hull(origins[frame].lifetime)
          }
          continue
        }
        isKnown[frame] = true
        origins[frame] = entry.origin
        if let (id, module) = entry.module {
          let number = numbers[id] ?? modules.count
          if number == modules.count {
            numbers[id] = number
            modules.append(module)
          }
          origins[frame].module = number
        }
      }
    }
    return (modules, origins)
  }
}

/// The origins of the frames that one resolver has met.
///
/// Thread safety is not checked by the compiler: one thread at a time uses a page.
///
/// - Cost: an array access for each address that is resolved.
/// - Trap: a page is for one table of frames; ``SymbolizerFrames/forAnotherTable()`` has a new one.
final class FramePage: @unchecked Sendable {
  struct Entry {
    var frame: StackFrame
    var origin: FrameOrigin
    var module: (ModuleID, CodeModule)?
  }

  private(set) var entries: [Entry] = []
  /// For each frame of the table, the number of its entry, from 1; 0 if it has none.
  private var numbers: [UInt32] = []

  /// Adds the origin of a frame, and those of the calls inlined into it, when they are met first.
  func note(
    _ found: ResolvedFrame, in table: FrameTable, _ resolution: Resolution,
    _ source: SourceFrames?, _ place: CodePlace, _ symbolizer: Symbolizer
  ) {
    if has(found.frame), found.inlined.allSatisfy({ has(table.inlined[Int($0)]) }) {
      extend(found.frame, to: found.validity)
      for place in found.inlined { extend(table.inlined[Int(place)], to: found.validity) }
      return
    }
    var outer = FrameOrigin()
    outer.lifetime = found.validity
    var module: ModuleID?
    switch resolution {
    case .symbol(let id, _, _):
      let symbol = symbolizer.symbol(id)
      (outer.rawName, module) = (symbol.rawName, symbol.module)
    case .unresolved(_, let known): module = known
    }
    outer.address =
      symbolizer.imagePlace(
        pid: place.pid, address: place.address, at: place.time, isCaller: place.isCaller)?
      .fileOffset ?? (place.isCaller ? place.address &- 1 : place.address)
    outer.file = source?.line?.file ?? ""
    outer.line = source?.line?.line ?? 0
    outer.systemName = source?.systemName ?? ""
    let described = module.map { ($0, symbolizer.module($0)) }
    add(Entry(frame: table[found.frame], origin: outer, module: described), found.frame)
    let inlined = table.inlined[Int(found.inlined.lowerBound)..<Int(found.inlined.upperBound)]
    for (call, frame) in zip(source?.inlined ?? [], inlined) where !has(frame) {
      var inner = outer
      inner.rawName = call.name
      inner.file = call.line?.file ?? ""
      inner.line = call.line?.line ?? 0
      add(Entry(frame: table[frame], origin: inner, module: described), frame)
    }
  }

  /// Whether a frame has an entry.
  private func has(_ frame: FrameID) -> Bool {
    let index = Int(frame.rawValue)
    return index < numbers.count && numbers[index] != 0
  }

  /// Notes that a known frame's code was at an address at other times, too.
  private func extend(_ frame: FrameID, to times: ClosedRange<Int64>) {
    let entry = Int(numbers[Int(frame.rawValue)]) - 1
    entries[entry].origin.lifetime = times.hull(entries[entry].origin.lifetime)
  }

  /// Adds the origin of a frame of no module, unless it has one.
  func add(_ origin: FrameOrigin, of frame: FrameID, in table: FrameTable) {
    add(Entry(frame: table[frame], origin: origin), frame)
  }

  private func add(_ entry: Entry, _ frame: FrameID) {
    if has(frame) { return }
    let index = Int(frame.rawValue)
    if numbers.count <= index {
      numbers += [UInt32](repeating: 0, count: index + 1 - numbers.count)
    }
    entries.append(entry)
    numbers[index] = UInt32(truncatingIfNeeded: entries.count)
  }
}

extension ClosedRange<Int64> {
  /// The smallest range with both.
  fileprivate func hull(_ other: ClosedRange<Int64>?) -> ClosedRange<Int64> {
    guard let other else { return self }
    return Swift.min(lowerBound, other.lowerBound)...Swift.max(upperBound, other.upperBound)
  }
}
