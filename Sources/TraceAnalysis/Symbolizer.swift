public import TraceFormat

/// Names for the addresses of a trace: who lived there at that time.
///
///     let symbolizer = Symbolizer(try TraceFile(path: "trace.etl"))
///     try symbolizer.prepare()
///     switch symbolizer.resolve(pid: 4711, address: frame, at: header.timestamp, isCaller: true) {
///     case .symbol(let id, _, _): print(symbolizer.symbol(id).name)
///     case .unresolved(let reason, _): print("?", reason.label)
///     }
///
/// - Guarantee: with the whole trace known, no name is given to an address at a time at which
///   something else is known to have been there, nor from an image of another build.
/// - Cost: ``prepare()`` reads the events that tell of code, processes and images, once; then a
///   look-up is O(log n), and a repeated one a probe of a table.
/// - Trap: not for use from several threads at once.
public final class Symbolizer {
  public let file: TraceFile
  public let options: SymbolizerOptions
  private(set) var symbols: [CodeSymbol] = []
  private(set) var modules: [CodeModule] = []

  public init(_ file: TraceFile, options: SymbolizerOptions = .init()) {
    self.file = file
    self.options = options
  }

  /// Learns everything that the trace tells of code. Once, before the first look-up.
  ///
  /// - Throws: what reading the file throws.
  public func prepare() throws {}

  /// What had the address at that time (nanoseconds since the trace's start) in the process.
  ///
  /// - Parameter isCaller: the address is a return address: of every frame but the innermost of its
  ///   kind. It is looked up one byte before, because a call may be a function's last instruction.
  public func resolve(
    pid: UInt32, address: UInt64, at timestamp: Int64, isCaller: Bool
  ) -> Resolution {
    .unresolved(.neverAnnounced, module: nil)
  }

  /// A symbol that a look-up gave.
  public func symbol(_ id: SymbolID) -> CodeSymbol { symbols[Int(id.rawValue)] }

  /// A module that a look-up or a symbol named.
  public func module(_ id: ModuleID) -> CodeModule { modules[Int(id.rawValue)] }

  /// How many symbols were given out so far: ids are below.
  public var symbolCount: Int { symbols.count }

  /// How many modules were met so far: ids are below.
  public var moduleCount: Int { modules.count }

  /// The source line of an address, where a runtime or an image's debug information tells.
  public func sourceLine(
    pid: UInt32, address: UInt64, at timestamp: Int64, isCaller: Bool
  ) -> SourceLine? { nil }

  /// Where an address lies in the file of an image that was mapped there then: for who writes
  /// images' symbols into a trace.
  public func imagePlace(
    pid: UInt32, address: UInt64, at timestamp: Int64, isCaller: Bool
  ) -> ImagePlace? { nil }
}

/// A place in an image's file.
public struct ImagePlace: Hashable, Sendable {
  public var image: ImageIdentity
  public var fileOffset: UInt64
}
