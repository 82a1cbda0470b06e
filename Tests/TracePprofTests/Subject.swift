import Foundation
import TestSupport
import Testing

/// The sample program, started for a test.
struct Subject {
  let child: TestSupport.ChildProcess
  let address: String
  let port: Int

  static let program = directory + "/pprof-server"
  static let heapLibrary = directory + "/libtraceheap.so"
  static let lockLibrary = directory + "/libtracelock.so"

  static let directory: String = {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = readlink("/proc/self/exe", &buffer, buffer.count)
    let path = String(decoding: buffer[..<max(count, 0)], as: UTF8.self)
    return path.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 }
  }()

  init(
    _ word: String? = nil, program: String = Subject.program, variables: [String: String] = [:]
  ) throws {
    // A line of output appears at once only on a terminal.
    let child = try TestSupport.ChildProcess(
      "stdbuf", ["-oL", program, "0"] + (word.map { [$0] } ?? []),
      environment: TestSupport.ChildProcess.environment(with: variables))
    try waitUntil("it listens: \(child.errors)") { child.output.contains("/debug/pprof/\n") }
    self.child = child
    address = String(child.output.split(separator: "\n")[0])
    let digits = address.dropFirst("http://127.0.0.1:".count).prefix { $0.isNumber }
    port = try #require(Int(digits))
  }

  /// The answer to a request; `path` follows `/debug/pprof/`.
  func get(
    _ path: String, method: String = "GET", head: String? = nil, body: String = ""
  ) throws -> RawAnswer {
    try send("/debug/pprof/" + path, method: method, head: head, body: body)
  }

  func send(
    _ target: String, method: String = "GET", head: String? = nil, body: String = ""
  ) throws -> RawAnswer {
    let client = try RawClient(port: port)
    defer { client.end() }
    let host = head ?? "Host: 127.0.0.1:\(port)\r\n"
    client.send(
      Array(
        ("\(method) \(target) HTTP/1.1\r\n\(host)Connection: close\r\n"
          + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)").utf8))
    return try #require(RawAnswer(client.readAll()))
  }

  /// Output of `go tool pprof` for an address below `/debug/pprof/`.
  func pprof(_ arguments: String..., path: String, user: String = "") throws -> String {
    try Self.pprof(arguments + ["http://\(user)127.0.0.1:\(port)/debug/pprof/\(path)"])
  }

  /// Output of `go tool pprof`.
  static func pprof(_ arguments: [String]) throws -> String {
    let directory = NSTemporaryDirectory() + "pprof-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let child = try TestSupport.ChildProcess(
      "go", ["tool", "pprof"] + arguments,
      environment: TestSupport.ChildProcess.environment(with: ["PPROF_TMPDIR": directory]))
    try child.succeed()
    return child.output + child.errors
  }

  /// The number of entries of a directory in /proc.
  func count(_ directory: String) -> Int {
    (try? FileManager.default.contentsOfDirectory(
      atPath: "/proc/\(child.pid)/\(directory)"
    ).count) ?? -1
  }

  /// Resident memory in KB.
  var resident: Int {
    let status = (try? String(contentsOfFile: "/proc/\(child.pid)/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") } ?? ""
    return Int(line.split(separator: " ").dropLast().last ?? "") ?? 0
  }
}
