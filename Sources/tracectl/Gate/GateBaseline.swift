import Glibc
import OSStrings
import TraceAnalysis
import TraceExport
import TraceFormat

/// A directory with accepted runs, each in a file `run-NUMBER.json`.
struct GateBaseline {
  private let directory: String

  init(_ directory: String) { self.directory = directory }

  private func path(_ name: String) -> String { directory + "/" + name }

  /// The names of the runs' files, oldest first.
  private func names() throws(GateProblem) -> [(number: Int, name: String)] {
    guard let stream = OSPath.opendir(directory) else {
      if errno == ENOENT { return [] }
      throw .unreadable(sentence: Failure("open", directory, errno: errno).description + ".")
    }
    defer { closedir(stream) }
    var found: [(number: Int, name: String)] = []
    while let entry = readdir(stream) {
      let name = OSPath.name(entry)
      guard name.hasPrefix("run-"), name.hasSuffix(".json"),
        let number = Int(name.dropFirst(4).dropLast(5)), number >= 0
      else { continue }
      found.append((number, name))
    }
    return found.sorted { $0.number < $1.number }
  }

  /// Reads the last runs, oldest first. A directory that is not there has none.
  ///
  /// - Throws: ``GateProblem/unreadable(sentence:)`` for a file that is not an accepted run.
  func runs(_ limit: Int) throws(GateProblem) -> [GateRun] {
    var runs: [GateRun] = []
    for (_, name) in try names().suffix(limit) {
      guard let run = GateRun(stored: try GateInputs.json(path(name))) else {
        throw .unreadable(
          sentence: "\(path(name)) is not an accepted run: remove it, or restore it.")
      }
      runs.append(run)
    }
    return runs
  }

  /// Removes all runs but the newest `count`.
  func keep(_ count: Int) throws(GateProblem) {
    for (_, name) in try names().dropLast(count) where OSPath.unlink(path(name)) != 0 {
      throw .unreadable(sentence: Failure("remove", path(name), errno: errno).description + ".")
    }
  }

  /// Adds a run, complete or not at all.
  ///
  /// - Returns: the path of its file.
  func add(_ run: GateRun) throws(GateProblem) -> String {
    if OSPath.mkdir(directory, 0o777) != 0, errno != EEXIST {
      throw .unreadable(sentence: Failure("make", directory, errno: errno).description + ".")
    }
    let part = path(".run-\(getpid()).part")
    let descriptor = OSPath.open(part, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw .unreadable(sentence: Failure("create", part, errno: errno).description + ".")
    }
    defer { _ = OSPath.unlink(part) }
    var output = OutputBuffer(DescriptorSink(descriptor))
    output.append(text: run.stored.description + "\n")
    output.flush()
    let code = close(descriptor) == 0 ? output.failure : errno
    guard code == 0 else {
      throw .unreadable(sentence: Failure("write to", part, errno: code).description + ".")
    }
    // Another run may be accepted at the same time.
    for number in ((try names().last?.number ?? 0) + 1)... {
      let digits = "\(number)"
      let name = "run-" + String(repeating: "0", count: max(6 - digits.count, 0)) + digits + ".json"
      if OSPath.link(part, path(name)) == 0 { return path(name) }
      guard errno == EEXIST else {
        throw .unreadable(sentence: Failure("create", path(name), errno: errno).description + ".")
      }
    }
    throw .unreadable(sentence: "\(directory) has no number left for a run.")
  }
}
