extension GateRules {
  /// Reads rules.
  ///
  /// - Throws: ``GateProblem/rules(what:)`` for anything that is not known, so that a misspelled
  ///   rule does not pass silently.
  public init(_ value: JSONValue) throws(GateProblem) {
    self.init()
    guard let members = value.members else { throw .rules(what: "the rules are not a mapping") }
    var keepIsGiven = false
    for member in members {
      switch member.name {
      case "metrics":
        guard let list = member.value.array else { throw .rules(what: "'metrics' is not a list") }
        for one in list { metrics.append(try GateMetric(one)) }
      case "runs": runs = try Self.count(member)
      case "keep":
        keep = try Self.count(member)
        keepIsGiven = true
      case "limit_percent": limit_percent = try member.positive("the rules")
      case "noise_percent": noise_percent = try member.positive("the rules")
      case "noise_percent_max": noise_percent_max = try member.positive("the rules")
      case "lost_percent_max": lost_percent_max = try member.number("the rules")
      default: throw .rules(what: "there is no rule '\(member.name)'")
      }
    }
    guard !metrics.isEmpty else { throw .rules(what: "the rules have no metrics") }
    var names: Set<String> = []
    for metric in metrics where !names.insert(metric.name).inserted {
      throw .rules(what: "two metrics are named '\(metric.name)'")
    }
    if !keepIsGiven { keep = runs }
    guard keep >= runs else { throw .rules(what: "'keep' is less than 'runs'") }
  }

  private static func count(_ member: JSONValue.Member) throws(GateProblem) -> Int {
    guard let count = Int(exactly: try member.number("the rules")), runsRange.contains(count) else {
      throw .rules(
        what: "'\(member.name)' must be from \(runsRange.lowerBound) to \(runsRange.upperBound)")
    }
    return count
  }
}

extension GateMetric {
  fileprivate init(_ value: JSONValue) throws(GateProblem) {
    guard let members = value.members, let name = value["name"]?.string, !name.isEmpty else {
      throw .rules(what: "a metric has no name")
    }
    let subject = "metric '\(name)'"
    let known = [
      "name", "report", "path", "json", "function", "inclusive", "per", "aggregate", "better",
      "limit_percent", "noise_percent_max", "absent",
    ]
    if let other = members.first(where: { !known.contains($0.name) }) {
      throw .rules(what: "\(subject) has no rule '\(other.name)'")
    }
    (source, path) = try Self.place(value, subject)
    self.name = name
    for member in members {
      switch member.name {
      case "per": divisor = try member.path(subject)
      case "aggregate": aggregate = try member.choice(subject)
      case "better": better = try member.choice(subject)
      case "limit_percent": limit_percent = try member.positive(subject)
      case "noise_percent_max": noise_percent_max = try member.positive(subject)
      case "absent": absent = try member.number(subject)
      default: break
      }
    }
    guard value["function"] != nil else { return }
    if value["aggregate"] == nil { aggregate = .sum }
    if divisor == nil {
      divisor = try? JSONPath("total.cpu_ns")
      scale = 100
    }
  }

  private static func place(
    _ value: JSONValue, _ subject: String
  ) throws(GateProblem) -> (Source, JSONPath) {
    let given = ["report", "json", "function"].filter { value[$0] != nil }
    guard given.count == 1 else {
      throw .rules(what: "\(subject) needs one of 'report', 'json' and 'function'")
    }
    switch given[0] {
    case "json":
      return (.file, try JSONValue.Member("json", value["json"] ?? .null).path(subject))
    case "function":
      guard let pattern = value["function"]?.string else {
        throw .rules(what: "'function' of \(subject) is not a pattern")
      }
      let cost = value["inclusive"] == .bool(true) ? "inclusive_ns" : "exclusive_ns"
      let place = JSONValue.string("functions[name~\(pattern)].\(cost)")
      return (.report("stacks"), try JSONValue.Member("function", place).path(subject))
    default:
      guard let report = value["report"]?.string, let path = value["path"] else {
        throw .rules(what: "\(subject) needs 'report' and 'path'")
      }
      return (.report(report), try JSONValue.Member("path", path).path(subject))
    }
  }
}

extension JSONValue.Member {
  fileprivate func number(_ subject: String) throws(GateProblem) -> Double {
    guard let number = value.number, number.isFinite else {
      throw .rules(what: "'\(name)' of \(subject) is not a number")
    }
    return number
  }

  fileprivate func positive(_ subject: String) throws(GateProblem) -> Double {
    let number = try number(subject)
    guard number > 0 else { throw .rules(what: "'\(name)' of \(subject) must be above 0") }
    return number
  }

  fileprivate func path(_ subject: String) throws(GateProblem) -> JSONPath {
    guard let text = value.string else {
      throw .rules(what: "'\(name)' of \(subject) is not a path")
    }
    do throws(JSONPath.PathProblem) { return try JSONPath(text) } catch {
      throw .rules(what: "'\(name)' of \(subject): \(error.what)")
    }
  }

  fileprivate func choice<Choice: RawRepresentable>(
    _ subject: String
  ) throws(GateProblem) -> Choice where Choice.RawValue == String {
    guard let text = value.string, let choice = Choice(rawValue: text) else {
      throw .rules(what: "'\(name)' of \(subject) has an unknown value")
    }
    return choice
  }
}
