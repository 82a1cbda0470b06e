import Foundation
import TestSupport
import Testing

/// Profiles in which few bytes ask for much: the import takes at most four times their size.
@Suite(.needs(.program("python3")), .serialized) struct HostileProfileTests {
  private let scratch = TemporaryDirectory()

  /// Imports a file in a process of its own, and returns its peak memory in bytes and its seconds.
  private func run(_ bytes: [UInt8]) throws -> (peak: Int, seconds: Double, errors: String) {
    let path = scratch.path + "/hostile.pb"
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    let script = """
      import resource, subprocess, sys, time
      start = time.time()
      run = subprocess.run(sys.argv[1:], capture_output=True)
      print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024, time.time() - start)
      print(run.returncode, run.stderr.decode(), file=sys.stderr)
      """
    let child = try TestSupport.ChildProcess(
      "python3", ["-c", script, ToolRun.tool, "import", path, "-o", scratch.path + "/o.etl"])
    try child.succeed()
    let words = child.output.split(separator: " ").map {
      Double($0.trimmingCharacters(in: .whitespacesAndNewlines)) ?? .infinity
    }
    #expect(words.count == 2, "\(child.output)")
    return (Int(words[0]), words[1], child.errors)
  }

  @Test(arguments: HostileProfile.allCases)
  func takesLittleMemoryAndTime(_ kind: HostileProfile) throws {
    let size = Rounds.count(4) << 20
    // Whatever the size, the trace that is written has tables, such as that of its stacks.
    let tables = 16 << 20
    let usual = try run(HostileProfile.strings.bytes(1000))
    let found = try run(kind.bytes(size))
    #expect(
      found.errors.hasPrefix("0 ") || found.errors.hasPrefix("65 "), "\(kind): \(found.errors)")
    print("\(kind): \((found.peak - usual.peak) >> 20) MB, \(found.seconds) s")
    let limit = 4 * size + (size < 16 << 20 ? tables : 0)
    #expect(found.peak - usual.peak <= limit, "\(kind): \(found.peak >> 20) MB")
    #expect(found.seconds < 60, "\(kind)")
  }
}
