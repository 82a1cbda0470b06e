public import TraceFormat

/// Something that is found out of a trace's events in one run over them.
///
///     let code = Symbolizer(file)
///     let sampling = SamplingPass()
///     try file.run(code, sampling)             // one run for both
///     let stacks = StackCollecting(file, .samples, SymbolizerFrames(code.finish()))
///     try file.run(stacks)
///     let collection = stacks.finish()
///
/// A pass that needs another's answers takes it in its initializer, never the file's events again:
/// what it needs while events come, it subscribes itself; what it needs whole, it is made after.
public protocol Pass<Output>: AnyObject {
  associatedtype Output

  /// Asks for the events that it needs. The passes that it depends on are subscribed, too, before
  /// it; a pass that is subscribed already stays as it is.
  func subscribe(to replay: Replay) throws

  /// What was found. Once, after the run.
  func finish() throws -> Output
}

extension TraceFile {
  /// Runs passes over the file, all in one run.
  ///
  /// - Throws: what a pass throws; a ``FormatError`` when the file cannot be read any more.
  public func run(_ passes: any Pass...) throws {
    let replay = Replay(self)
    for pass in passes { try pass.subscribe(to: replay) }
    try replay.run()
  }
}
