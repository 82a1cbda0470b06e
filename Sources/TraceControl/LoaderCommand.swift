/// The command line of a dynamic linker that was started by itself to run a program:
/// `/lib64/ld-linux-x86-64.so.2 --library-path /opt/lib ./program …`.
package enum LoaderCommand {
  /// Options that have a value behind them: glibc's and musl's.
  private static let optionsWithValue: Set<String> = [
    "--library-path", "--glibc-hwcaps-prepend", "--glibc-hwcaps-mask", "--inhibit-rpath",
    "--audit", "--preload", "--argv0",
  ]

  /// Whether a file, or a command's name that the kernel has cut, is called as dynamic linkers are.
  package static func isLoader(_ path: String) -> Bool {
    let name = path.split(separator: "/").last ?? ""
    return ["ld-linux", "ld-musl-", "ld.so", "ld64.so", "ld-2."].contains { name.hasPrefix($0) }
  }

  /// The program's path as it was given; nil where none was.
  package static func program(_ arguments: [String]) -> String? {
    var rest = arguments.dropFirst()
    while let argument = rest.popFirst() {
      guard argument.hasPrefix("-"), argument != "-" else { return argument }
      if argument == "--" { return rest.first }
      if optionsWithValue.contains(argument) { _ = rest.popFirst() }
    }
    return nil
  }
}
