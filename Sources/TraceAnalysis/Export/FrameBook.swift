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
  /// Path of the source as recorded by the compiler; empty if unknown.
  public var file = ""
  /// Line from 1; 0 if unknown.
  public var line: UInt32 = 0

  public init() {}
}

/// An address in a process.
struct CodePlace {
  var pid: UInt32
  var address: UInt64
  var time: Int64
  var isCaller: Bool
}

/// Collects the origins of frames while they are resolved.
///
/// - Guarantee: several threads may add to it concurrently.
/// - Cost: a lock and a look-up for each address that is resolved; memory grows with the number of
///   distinct frames.
final class FrameBook: Sendable {
  private struct Contents {
    var origins: [StackFrame: FrameOrigin] = [:]
    var modules: [CodeModule] = []
    var moduleNumbers: [ModuleID: Int] = [:]

    mutating func number(of id: ModuleID, _ module: CodeModule) -> Int {
      if let known = moduleNumbers[id] { return known }
      modules.append(module)
      moduleNumbers[id] = modules.count - 1
      return modules.count - 1
    }
  }

  private let contents = Lock(Contents())

  /// Adds the origin of a frame, and those of the calls inlined into it, when they are met first.
  func note(
    _ found: ResolvedFrame, in table: FrameTable, _ resolution: Resolution,
    _ source: SourceFrames?, _ place: CodePlace, _ symbolizer: Symbolizer
  ) {
    let frame = table[found.frame]
    let inlined = (found.inlined.lowerBound..<found.inlined.upperBound).map {
      table[table.inlined[Int($0)]]
    }
    let isKnown = contents.withLock { contents in
      contents.origins[frame] != nil && inlined.allSatisfy { contents.origins[$0] != nil }
    }
    if isKnown { return }
    var outer = FrameOrigin()
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
    let described = module.map { ($0, symbolizer.module($0)) }
    contents.withLock { [outer] contents in
      var outer = outer
      outer.module = described.map { contents.number(of: $0.0, $0.1) }
      if contents.origins[frame] == nil { contents.origins[frame] = outer }
      for (call, frame) in zip(source?.inlined ?? [], inlined)
      where contents.origins[frame] == nil {
        var inner = outer
        inner.rawName = call.name
        inner.file = call.line?.file ?? ""
        inner.line = call.line?.line ?? 0
        contents.origins[frame] = inner
      }
    }
  }

  /// Returns the modules, and the origin of each frame of a table.
  func origins(of table: FrameTable) -> (modules: [CodeModule], origins: [FrameOrigin]) {
    contents.withLock { contents in
      (contents.modules, table.frames.map { contents.origins[$0] ?? FrameOrigin() })
    }
  }
}
