internal import TraceFormat

/// Counts frames and addresses by module and, if unnamed, by reason.
final class FrameTally {
  /// Maximum number of distinct addresses counted.
  static let addressesMax = 4 << 20

  /// A category with a count of its own.
  private struct Slot: Hashable {
    /// Nil if it is not known what was there.
    var module: ModuleID?
    /// Nil if the address has a name.
    var reason: UnresolvedReason?
  }

  private struct Place: Hashable {
    var address: UInt64
    var pid: UInt32
  }

  private struct Entry {
    var slot: Slot
    var places: Set<Place> = []
    var frames: UInt64 = 0
  }

  private let symbolizer: Symbolizer
  private var entries: [Entry] = []
  private var numbers: [Slot: Int] = [:]
  private var count = 0
  private(set) var isCut = false

  init(_ symbolizer: Symbolizer) { self.symbolizer = symbolizer }

  /// Returns the number of the slot in which a frame counts, and how long that holds.
  func look(
    _ address: UInt64, pid: UInt32, at time: Int64, isCaller: Bool
  ) -> (number: Int, span: ClosedRange<Int64>) {
    let (resolution, span) = symbolizer.resolveSpan(
      pid: pid, address: address, at: time, isCaller: isCaller)
    let slot =
      switch resolution {
      case .symbol(let id, _, _): Slot(module: symbolizer.symbol(id).module, reason: nil)
      case .unresolved(let reason, let module): Slot(module: module, reason: reason)
      }
    let number = numbers[slot] ?? entries.count
    if number == entries.count {
      numbers[slot] = number
      entries.append(Entry(slot: slot))
    }
    if count < Self.addressesMax {
      let isKernel = StackAddress.isKernel(address)
      let place = Place(address: address, pid: isKernel ? 0 : pid)
      if entries[number].places.insert(place).inserted { count += 1 }
    } else {
      isCut = true
    }
    return (number, span)
  }

  /// Adds up a collection whose frames are named by their slot numbers.
  func count(_ collection: StackCollection) {
    let sums = collection.tree.inclusive()
    let numbers = collection.frames.frames.map { Int($0.function) }
    for node in 1..<max(sums.count, 1) {
      let frame = Int(collection.tree.frames[node].rawValue)
      guard collection.frames.frames[frame].kind != .process, let number = numbers[frame] else {
        continue
      }
      entries[number].frames &+= sums[node].count
    }
  }

  var imagesNotHit: Int {
    let hit = Set(entries.compactMap(\.slot.module))
    return (0..<symbolizer.moduleCount).count { number in
      let id = ModuleID(rawValue: UInt32(number))
      return !hit.contains(id) && symbolizer.image(id).map { !$0.isAnonymous } == true
    }
  }

  // MARK: Modules

  private struct Key: Hashable {
    var path: String
    var buildID: [UInt8]
    var source: SymbolSource?
  }

  private struct Sum {
    var named = SymbolReport.Count()
    var unnamed: [UnresolvedReason: SymbolReport.Count] = [:]
    var pids: Set<UInt32> = []
    var images: Set<ImageIdentity> = []
  }

  /// Returns the modules met; images of the same path and build id are combined. `origins` is
  /// called for each image, and with nil for the kernel.
  func modules(_ origins: (ImageIdentity?) -> [SymbolReport.Origin]) -> [SymbolReport.Module] {
    var sums: [Key: Sum] = [:]
    for entry in entries {
      let module = entry.slot.module.map { symbolizer.module($0) }
      let key = Key(
        path: module?.path ?? "", buildID: module?.buildID ?? [], source: module?.source)
      var sum = sums.removeValue(forKey: key) ?? Sum()
      let count = SymbolReport.Count(
        frames: entry.frames, addresses: UInt64(entry.places.count))
      if let reason = entry.slot.reason {
        sum.unnamed[reason] = (sum.unnamed[reason] ?? SymbolReport.Count()) + count
      } else {
        sum.named = sum.named + count
      }
      for place in entry.places where sum.pids.count < 1 << 16 { sum.pids.insert(place.pid) }
      if let image = entry.slot.module.flatMap({ symbolizer.image($0) }) {
        sum.images.insert(image)
      }
      sums[key] = sum
    }
    let announced = symbolizer.announcedCounts
    for source in announced.keys where source.isCompiled {
      let key = Key(path: CodeModule.compiledPath, buildID: [], source: source)
      if sums[key] == nil { sums[key] = Sum() }
    }
    return sums.map { key, sum in
      var module = SymbolReport.Module(
        path: key.path, buildID: key.buildID, source: key.source, processes: sum.pids.count)
      module.named = sum.named
      module.unnamed = SymbolReport.sorted(sum.unnamed)
      if key.source == .kernel { module.origins = origins(nil) }
      if key.source == .image { module.origins = Self.merged(sum.images.flatMap { origins($0) }) }
      if let source = key.source, source.isCompiled { module.announced = announced[source] ?? 0 }
      return module
    }.sorted { ($1.all.frames, $0.path) < ($0.all.frames, $1.path) }
  }

  private static func merged(_ origins: [SymbolReport.Origin]) -> [SymbolReport.Origin] {
    var merged: [SymbolReport.Origin] = []
    for origin in origins {
      if let known = merged.firstIndex(where: { $0.kind == origin.kind }) {
        merged[known].places += origin.places
      } else {
        merged.append(origin)
      }
    }
    return merged.sorted { $0.places > $1.places }
  }
}

/// Frames named by the numbers of the slots in which they count.
struct TallyFrames: FrameResolver {
  let tally: FrameTally
  private var ids: [Int: FrameID] = [:]

  init(tally: FrameTally) { self.tally = tally }

  mutating func process(_ pid: UInt32, at time: Int64) -> ResolvedProcess {
    ResolvedProcess(pid: pid, generation: 0, name: "", validity: .always)
  }

  mutating func frame(
    _ address: UInt64, of process: ResolvedProcess, at time: Int64, isCaller: Bool,
    in table: inout FrameTable
  ) -> ResolvedFrame {
    guard address != StackNode.lostAddress else {
      // The address was in a damaged part of the file; this frame has no slot number.
      return ResolvedFrame(
        table.id(of: StackFrame(.unresolved, function: "lost")), validity: .always)
    }
    let (number, span) = tally.look(address, pid: process.pid, at: time, isCaller: isCaller)
    let id = ids[number] ?? table.id(of: StackFrame(.function, function: "\(number)"))
    ids[number] = id
    return ResolvedFrame(id, validity: span)
  }
}

extension SymbolSource {
  /// Whether the source is one of code compiled at run time.
  var isCompiled: Bool { self == .jitdump || self == .provider || self == .perfMap }
}

extension CodeModule {
  /// Path shown for code compiled at run time.
  static let compiledPath = "[JIT]"
}
