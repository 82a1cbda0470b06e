import Glibc
import OSStrings
import TraceAnalysis
import TraceFormat

/// The files of new runs: traces and JSON files.
struct GateInputs {
  /// Size of the largest JSON file that is read.
  private static let bytesMax = 64 << 20

  private var traces: [String] = []
  private var files: [String] = []

  /// Divides the paths by what the files contain. The first trace and the first JSON file are of
  /// the same run, and so on.
  init(_ paths: [String]) throws(GateProblem) {
    for path in paths {
      let start = OSPath.contents(path, limit: 64) ?? []
      let first = start.first { !" \t\r\n".utf8.contains($0) }
      if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") {
        files.append(path)
      } else {
        traces.append(path)
      }
    }
    guard traces.isEmpty || files.isEmpty || traces.count == files.count else {
      throw .unreadable(
        sentence: "There are \(traces.count) traces and \(files.count) JSON files: give one of "
          + "each for every run.")
    }
  }

  /// Reads the runs.
  func runs(
    _ rules: GateRules, _ selection: SelectionOptions, _ symbols: SymbolizerOptions
  ) throws(GateProblem) -> [GateRun] {
    var runs: [GateRun] = []
    for number in 0..<max(traces.count, files.count) {
      var values: [GateMetric.Source: JSONValue] = [:]
      var run = GateRun()
      if number < traces.count {
        let path = traces[number]
        let read = try Self.reports(path, rules, selection, symbols)
        run.circumstances = read.circumstances
        for (name, report) in read.reports { values[.report(name)] = report }
      }
      if number < files.count { values[.file] = try Self.json(files[number]) }
      run.measure(rules.metrics, in: values)
      runs.append(run)
    }
    return runs
  }

  private static func reports(
    _ path: String, _ rules: GateRules, _ selection: SelectionOptions,
    _ symbols: SymbolizerOptions
  ) throws(GateProblem) -> (reports: [String: JSONValue], circumstances: GateRun.Circumstances) {
    do {
      let file = try OpenTrace.open(path)
      var reports = GateReports(file, try selection.selection(in: file))
      let names = Set(
        rules.metrics.compactMap { metric -> String? in
          guard case .report(let name) = metric.source else { return nil }
          return name
        })
      for name in names.sorted() { try reports.add(name, symbols) }
      let result = try reports.run()
      return (result.reports, result.1)
    } catch let failure as Failure {
      throw .unreadable(sentence: failure.description + ".")
    } catch let error as FormatError {
      throw .unreadable(sentence: OpenTrace.failure(error, path: path).description + ".")
    } catch {
      throw .unreadable(sentence: "\(path): \(error).")
    }
  }

  /// Reads a JSON file.
  static func json(_ path: String) throws(GateProblem) -> JSONValue {
    let bytes = try bytes(path)
    do { return try JSONValue(json: bytes) } catch {
      throw .unreadable(sentence: "\(path) is not JSON: line \(error.line): \(error.what).")
    }
  }

  /// Reads a file of rules, in YAML or JSON.
  static func rules(_ path: String) throws(GateProblem) -> GateRules {
    let bytes = try bytes(path)
    let value: JSONValue
    do { value = try YAMLReader.value(of: bytes) } catch {
      throw .rules(what: "\(path), line \(error.line): \(error.what)")
    }
    let rules = try GateRules(value)
    for metric in rules.metrics {
      guard case .report(let name) = metric.source, !GateReports.names.contains(name) else {
        continue
      }
      throw .rules(
        what: "metric '\(metric.name)': there is no report '\(name)'; use one of "
          + GateReports.names.joined(separator: ", "))
    }
    return rules
  }

  static func bytes(_ path: String) throws(GateProblem) -> [UInt8] {
    var status = stat()
    guard OSPath.stat(path, &status) == 0 else {
      throw .unreadable(sentence: Failure("open", path, errno: errno).description + ".")
    }
    guard status.st_size <= bytesMax else {
      throw .unreadable(sentence: "\(path) is larger than \(bytesMax >> 20) MB.")
    }
    guard let bytes = OSPath.contents(path, limit: Int(status.st_size) + 1) else {
      throw .unreadable(sentence: Failure("read", path, errno: errno).description + ".")
    }
    return bytes
  }
}
