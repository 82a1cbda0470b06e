/// The command line of a dynamic linker that was started explicitly to run a program:
package enum LoaderCommand {
  /// Options of glibc's and musl's linkers that are followed by a value.
  private static let optionsWithValue: Set<String> = [
    "--library-path", "--glibc-hwcaps-prepend", "--glibc-hwcaps-mask", "--inhibit-rpath",
    "--audit", "--preload", "--argv0",
  ]

  /// Whether a file name, or a command name truncated by the kernel, is that of a dynamic linker.
  package static func isLoader(_ path: String) -> Bool {
    let name = path.split(separator: "/").last ?? ""
    return ["ld-linux", "ld-musl-", "ld.so", "ld64.so", "ld-2."].contains { name.hasPrefix($0) }
  }

  /// The program's path as given on the command line; nil if there is none.
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
