import ArgumentParser
import TraceAnalysis
import TraceExport

/// `tracectl gate`: fails a build whose runs are worse than accepted ones.
struct GateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gate",
    abstract: "Judge new runs by accepted ones, for CI.",
    discussion: """
      The exit code is 0 if no metric is worse, 1 if one is, and 2 if that cannot be judged. A \
      metric is worse if it exceeds the mean of the last accepted runs by more than the limit and \
      by more than their noise.

      tracectl gate run.etl load.json -rules gate.yaml -baseline perf
      tracectl gate accept run.etl load.json -rules gate.yaml -baseline perf
      """,
    subcommands: [GateCheck.self, GateAccept.self], defaultSubcommand: GateCheck.self)

  /// Exit codes of a gate.
  enum Result {
    static let regression = ExitCode(1)
    static let cannotJudge = ExitCode(2)
  }
}

/// What both commands of a gate read.
struct GateOptions: ParsableArguments {
  @Argument(
    help: ArgumentHelp("The new runs: traces, JSON files, or one of each.", valueName: "file"))
  var paths: [String] = []

  @Option(help: ArgumentHelp("The rules, in YAML or JSON.", valueName: "file"))
  var rules = "gate.yaml"

  @Option(help: ArgumentHelp("The directory of the accepted runs.", valueName: "directory"))
  var baseline: String

  @OptionGroup(title: "Which processes and times") var selection: SelectionOptions

  @OptionGroup(title: "Where names are looked for") var symbols: SymbolOptions

  func validate() throws {
    guard !paths.isEmpty else {
      throw Failure(.usage, "there is no run to judge", next: "give a trace or a JSON file")
    }
    try selection.check()
  }

  func runs(_ rules: GateRules) throws -> [GateRun] {
    var options = SymbolizerOptions()
    try symbols.apply(to: &options)
    return try GateInputs(paths).runs(rules, selection, options)
  }

  /// Runs `body`; what cannot be judged ends with its exit code.
  static func judging(_ body: () throws -> Void) throws {
    do { try body() } catch let problem as GateProblem {
      complain("tracectl: " + escapedForTerminal(problem.sentence))
      throw GateCommand.Result.cannotJudge
    } catch let failure as Failure {
      complain(failure.line)
      throw GateCommand.Result.cannotJudge
    }
  }
}

/// `tracectl gate check`, which is also `tracectl gate`.
struct GateCheck: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Judge new runs (default).")

  @OptionGroup var options: GateOptions

  @OptionGroup var output: OutputOptions

  @Option(help: ArgumentHelp("Also write JUnit XML to this file.", valueName: "file"))
  var junit: String?

  @Option(help: ArgumentHelp("Also write Markdown to this file.", valueName: "file"))
  var markdown: String?

  func validate() throws { _ = try output.renderer(of: GateReport.self) }

  func run() throws {
    try GateOptions.judging {
      let rules = try GateInputs.rules(options.rules)
      var problems: [GateProblem] = []
      var (new, accepted): ([GateRun], [GateRun]) = ([], [])
      do { new = try options.runs(rules) } catch let problem as GateProblem {
        problems.append(problem)
      }
      do throws(GateProblem) {
        accepted = try GateBaseline(options.baseline).runs(rules.keep)
      } catch {
        problems.append(error)
      }
      let report = Gate(rules).judge(new, baseline: accepted, problems: problems)
      try output.write(report)
      try write(report, junit, "junit")
      try write(report, markdown, "markdown")
      switch report.verdict {
      case .pass: break
      case .regression: throw GateCommand.Result.regression
      case .cannotJudge: throw GateCommand.Result.cannotJudge
      }
    }
  }

  private func write(_ report: GateReport, _ path: String?, _ format: String) throws {
    guard let path else { return }
    var output = OutputOptions()
    (output.output, output.format) = (path, format)
    try output.write(report)
  }
}

/// `tracectl gate accept`: adds runs to the accepted ones.
struct GateAccept: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "accept", abstract: "Add new runs to the accepted ones.",
    discussion: "Accept each run of the main branch, or each that the gate passes.")

  @OptionGroup var options: GateOptions

  @Flag(help: "Begin a new baseline: forget all runs that were accepted before.")
  var anew = false

  func run() throws {
    try GateOptions.judging {
      let rules = try GateInputs.rules(options.rules)
      let baseline = GateBaseline(options.baseline)
      let new = try options.runs(rules)
      for metric in rules.metrics {
        if let problem = new.compactMap({ $0.problems[metric.name] }).first { throw problem }
      }
      let known = anew ? [] : try baseline.runs(rules.keep)
      if let problem = Gate(rules).problems(new, known).first {
        complain("tracectl: the run is not accepted; 'accept -anew' begins a new baseline")
        throw problem
      }
      if anew { try baseline.keep(0) }
      var accepted = known
      for var run in new {
        run.remember(accepted, rules)
        print(try baseline.add(run))
        accepted.append(run)
      }
      try baseline.keep(rules.keep)
    }
  }
}
