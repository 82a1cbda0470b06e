public import TraceFormat

/// An analysis computed from a trace's events in one run over them.
///
///     let code = Symbolizer(file)
///     let sampling = SamplingPass()
///     try file.run(code, sampling)             // one run for both
///     let stacks = StackCollecting(file, .samples, SymbolizerFrames(code.finish()))
///     try file.run(stacks)
///     let collection = stacks.finish()
///
/// A pass that needs another pass's results takes that pass in its initializer and does not read
/// the file's events for them again. If it needs the results while events arrive, it subscribes the
/// other pass itself; if it needs the complete results, it is created after the other has finished.
public protocol Pass<Output>: AnyObject {
  associatedtype Output

  /// Subscribes to the events that the pass needs. Passes that it depends on are subscribed first.
  /// A pass that is already subscribed stays as it is.
  func subscribe(to replay: Replay) throws

  /// Returns the result. Call once, after the run. The pass of a report returns its report again
  /// whenever the replay of a growing file has delivered more.
  func finish() throws -> Output
}

extension TraceFile {
  /// Runs several passes over the file in one run.
  ///
  /// - Throws: errors thrown by a pass; a ``FormatError`` if the file can no longer be read.
  public func run(_ passes: any Pass...) throws {
    // A wrong index may lack event types.
    try checkIndex()
    let replay = Replay(self)
    for pass in passes { try pass.subscribe(to: replay) }
    try replay.run()
  }
}
