public import TraceFormat

/// The stacks of a selection of events with their sources and modules, as profile formats need
/// them: processes, below them threads, below them frames with lines and inlined calls.
public struct StackProfile: Report {
  public var lost: LostEvents { stacks.lost }
  public var partial: [PartialReason] { stacks.partial }
  /// The call tree and what it counts.
  public var stacks: StackReport
  public var modules: [CodeModule]
  /// The origin of each frame of ``stacks``, by frame id.
  public var origins: [FrameOrigin]
  /// Wall-clock time of the trace's start, in nanoseconds since 1970.
  public var start_ns: Int64
  /// Clock readings, machine and name of the session.
  public var session: SessionDescription
}

/// Makes a ``StackProfile``.
///
/// - Cost: that of a ``StackPass`` or a ``WallPass``, and the look-up of a line for each address.
public final class StackProfilePass: ReportPass {
  private let book = FrameBook()
  private let stacks: StackPass?
  private let wall: WallPass?
  /// Whether a trace without such events has an empty profile.
  private let mayBeEmpty: Bool
  private var replay: Replay?

  /// - Parameters:
  ///   - options: the selection of ``StackOptions``; its shaping and parts are ignored.
  ///   - isWall: whether the threads' wall-clock time is shown instead of events.
  public convenience init(_ options: StackOptions, isWall: Bool = false) {
    self.init(options, isWall: isWall, log: nil)
  }

  /// - Parameter mayBeEmpty: whether a trace without such events has an empty profile.
  package convenience init(_ options: StackOptions, mayBeEmpty: Bool) {
    self.init(options, log: nil, mayBeEmpty: mayBeEmpty)
  }

  /// - Parameter log: keeps each event; a profile without events is then empty.
  init(
    _ options: StackOptions, isWall: Bool = false, log: SampleLog?, mayBeEmpty: Bool = false
  ) {
    self.mayBeEmpty = mayBeEmpty || log != nil
    var own = options
    own.selection.log = log
    own.shaping = StackShaping()
    own.shaping.foldsRecursion = false
    own.parts = StackParts()
    own.selection.separatesThreads = true
    own.symbols.keepsLines = options.detail.lines
    own.book = book
    stacks = isWall ? nil : StackPass(own)
    wall = isWall ? WallPass(own) : nil
  }

  /// Subscribes to what the passes need.
  public func subscribe(to replay: Replay) throws {
    self.replay = replay
    stacks?.subscribe(to: replay)
    wall?.subscribe(to: replay)
  }

  /// Builds the call tree in a second run over the file.
  ///
  /// - Throws: as the passes that it uses.
  public func finish() throws -> StackProfile {
    guard let replay else { preconditionFailure("finish() comes after subscribe(to:)") }
    let report: StackReport
    do {
      guard let made = try stacks?.finish() ?? wall?.finish() else {
        preconditionFailure("there is one pass")
      }
      report = made
    } catch is StackReportError where mayBeEmpty {
      report = empty(replay)
    }
    let (modules, origins) = book.origins(of: report.frames)
    return StackProfile(
      stacks: report, modules: modules, origins: origins,
      start_ns: replay.file.startUnixNanoseconds, session: replay.file.session)
  }

  /// The processes of the trace, after ``finish()``.
  var processes: ProcessHistory { stacks?.processes ?? ProcessHistory() }

  private func empty(_ replay: Replay) -> StackReport {
    StackReport(
      lost: LostEvents(replay.file.lossTotals), partial: PartialReason.reasons(replay),
      trace: replay.file.path, events: replay.file.eventCount, eventNames: [], unit: .events,
      totals: StackTotals(), calls: CallTree(StackTree()), frames: FrameTable(),
      parts: StackParts())
  }
}
