public import TraceAnalysis

/// A ``GateReport`` as JUnit XML: a test case for each metric, which fails for a regression and has
/// an error if the metric cannot be judged.
public struct GateJUnit: Renderer {
  public let format = OutputFormat(
    "junit", fileExtensions: ["xml"], summary: "JUnit XML, a test case for each metric")

  public init() {}

  private struct Case {
    var name: String
    var verdict: GateReport.Verdict
    var sentence: String
  }

  /// Writes the report in UTF-8. Characters that XML does not permit become U+FFFD.
  public func render(
    _ report: GateReport, _ options: RenderOptions, to output: inout OutputBuffer
  ) {
    var cases = report.problems.map {
      Case(name: "runs can be compared", verdict: .cannotJudge, sentence: $0.sentence)
    }
    cases += report.rows.map {
      Case(name: $0.metric.name, verdict: $0.verdict, sentence: $0.sentence)
    }
    let failures = cases.count { $0.verdict == .regression }
    let errors = cases.count { $0.verdict == .cannotJudge }
    let counts = "tests=\"\(cases.count)\" failures=\"\(failures)\" errors=\"\(errors)\""
    output.append(text: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")
    output.append(text: "<testsuites name=\"tracectl gate\" \(counts)>\n")
    output.append(text: "  <testsuite name=\"tracectl gate\" \(counts) skipped=\"0\" time=\"0\">\n")
    for one in cases {
      let name = "name=\"\(xml(one.name))\" classname=\"tracectl.gate\" time=\"0\""
      output.append(text: "    <testcase \(name)>\n")
      output.append(text: "      \(outcome(of: one))\n")
      output.append(text: "    </testcase>\n")
    }
    output.append(text: "  </testsuite>\n</testsuites>\n")
  }

  private func outcome(of one: Case) -> String {
    let message = "message=\"\(xml(one.sentence))\""
    return switch one.verdict {
    case .pass: "<system-out>\(xml(one.sentence))</system-out>"
    case .regression: "<failure type=\"regression\" \(message)>\(xml(one.sentence))</failure>"
    case .cannotJudge: "<error type=\"cannot judge\" \(message)>\(xml(one.sentence))</error>"
    }
  }

  private func xml(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "\t", "\n", "\r": result += " "
      default:
        let isPermitted = scalar.value >= 0x20 && scalar.value & 0xfffe != 0xfffe
        result.unicodeScalars.append(isPermitted ? scalar : "\u{fffd}")
      }
    }
    return result
  }
}
