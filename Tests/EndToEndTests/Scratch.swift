import Glibc
import TestSupport

/// A directory for one test, with a separate runtime directory, so that tests and other tracing on
/// this machine do not interfere. Removed when it is released.
final class Scratch {
  private let root: String

  init() throws {
    // Short, because the path of a socket is.
    var template = Array("/tmp/e2e-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw ChildProcess.Failure(description: "cannot make a directory: \(errno)")
    }
    root = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    mkdir(runtimeDirectory, 0o700)
  }

  deinit {
    // Only the tests' files and one level of directories.
    Self.remove(root)
  }

  private static func remove(_ path: String) {
    for name in names(in: path) {
      let entry = path + "/" + name
      if unlink(entry) != 0 { remove(entry) }
    }
    rmdir(path)
  }

  func path(_ name: String) -> String { root + "/" + name }
  var runtimeDirectory: String { path("run") }

  /// Milliseconds that programs wait for a session; nil for their default.
  var registerTimeout: String? = "20000"

  /// The test's environment with its runtime directory and a time limit for a busy machine.
  var environment: [String: String] {
    var variables = ChildProcess.environment(with: ["TRACE_RUNTIME_DIR": runtimeDirectory])
    variables["TRACE_REGISTER_TIMEOUT"] = registerTimeout
    return variables
  }

  static func names(in directory: String) -> [String] {
    guard let stream = opendir(directory) else { return [] }
    defer { closedir(stream) }
    var found: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { found.append(name) }
    }
    return found
  }
}

func readText(_ path: String) throws -> String {
  String(decoding: try readBytes(path), as: UTF8.self)
}

func readBytes(_ path: String) throws -> [UInt8] {
  let descriptor = open(path, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else {
    throw ChildProcess.Failure(description: "cannot open \(path): \(errno)")
  }
  defer { close(descriptor) }
  var bytes: [UInt8] = []
  var chunk = [UInt8](repeating: 0, count: 1 << 16)
  while true {
    let count = read(descriptor, &chunk, chunk.count)
    if count <= 0 { return bytes }
    bytes += chunk[..<count]
  }
}
