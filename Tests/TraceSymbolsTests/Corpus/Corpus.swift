import Foundation

/// The fuzzer's seeds and findings.
enum Corpus {
  static func inputs(_ target: String) throws -> [(name: String, bytes: [UInt8])] {
    let directory = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().appendingPathComponent("../../../Fuzz/Corpus/\(target)")
    return try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted().map {
      ($0, [UInt8](try Foundation.Data(contentsOf: directory.appendingPathComponent($0))))
    }
  }

  static func input(_ target: String, _ name: String) throws -> [UInt8] {
    try inputs(target).first { $0.name == name }?.bytes ?? []
  }
}
