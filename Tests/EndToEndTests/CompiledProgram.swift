import Foundation
import TestSupport

/// Programs in C that tests compile.
enum CompiledProgram {
  /// Compiles a program with frame pointers. Returns its path, or nil if it cannot be compiled.
  static func path(of source: String, name: String) -> String? {
    let path = NSTemporaryDirectory() + "\(name)-\(getpid())"
    try? source.write(toFile: path + ".c", atomically: true, encoding: .utf8)
    let code = try? ChildProcess(
      "gcc", ["-O1", "-g", "-fno-omit-frame-pointer", "-pthread", "-o", path, path + ".c"]
    ).wait()
    return code == 0 ? path : nil
  }
}
