/// Accepts long options with one dash, as in PerfView: `-providers` means `--providers`.
///
/// Options of one letter (`-o`, `-p`, `-h`) are unchanged; `-p12` is split. Arguments after `--`
/// are not changed, because they are the command to run.
enum SingleDashOptions {
  /// `arguments` without the program's name.
  static func normalized(_ arguments: [String]) -> [String] {
    var result: [String] = []
    for (index, argument) in arguments.enumerated() {
      if argument == "--" { return result + arguments[index...] }
      result += normalized(argument)
    }
    return result
  }

  private static func normalized(_ argument: String) -> [String] {
    let name = argument.prefix { $0 != "=" }
    guard name.hasPrefix("-"), name.count > 2, let first = name.dropFirst().first, first.isLetter
    else { return [argument] }
    if first == "p", name.dropFirst(2).allSatisfy(\.isNumber) {
      return ["-p", String(argument.dropFirst(2))]
    }
    return ["-" + argument]
  }
}
