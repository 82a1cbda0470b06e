import Foundation
import TestSupport
import Testing
import TraceFormat

/// A second reader, written from SPEC.md, yields the same as tracectl.
@Suite struct PythonReaderTests {
  private static let reader = RuleTests.root.appendingPathComponent("Samples/python-reader")
  private static let tracectl = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    .deletingLastPathComponent().appendingPathComponent("tracectl").path

  private func compare(_ arguments: [String]) throws {
    try ChildProcess(
      "python3", [Self.reader.appendingPathComponent("compare").path] + arguments, isMerged: true
    ).succeed(seconds: 300)
  }

  @Test func theConformanceFilesReadTheSame() throws {
    let paths = try RuleTests.names().map { RuleTests.directory.appendingPathComponent($0).path }
    try compare([Self.tracectl] + paths)
  }

  /// The last one is unknown to this version.
  @Test func causesOfLossesHaveTheSameNames() throws {
    let directory = TemporaryDirectory()
    let path = directory.path + "/losses.etl"
    var writer = try TraceWriter(path: path, session: ShopTrace.session)
    for cause in UInt8(0)...13 {
      writer.loss(
        LossRecord(
          stream: 1, cpu: 1, cause: LossCause(rawValue: cause), count: 3, fromTicks: 2005,
          toTicks: 2040 + UInt64(cause)))
    }
    try writer.finish()
    try compare([Self.tracectl, path])
  }

  @Test func changedFilesUnderRightChecksumsReadTheSame() throws {
    let directory = TemporaryDirectory()
    let shop = directory.path + "/shop.etl"
    try Data(try ShopTrace.bytes()).write(to: URL(fileURLWithPath: shop))
    let files = ["ok-stack.etl", "ok-losses-and-symbols.etl", "ok-repeated-definitions.etl"]
      .map { RuleTests.directory.appendingPathComponent($0).path }
    try compare(["--mutate", "40", Self.tracectl, shop] + files)
  }
}
