import Foundation
import TestSupport
import Testing

/// A debuginfod server for a test: Python's http.server, with one kind of answer.
final class DebugServer {
  enum Answer: String {
    case whole, missing, text, half, never
    /// An endless answer without a stated length.
    case endless
  }

  static let library = Requirement("libdebuginfod.so.1") {
    dlopen("libdebuginfod.so.1", RTLD_NOW) != nil
  }

  private static let program = """
    import http.server, os, socketserver, sys, time
    answer, file, log = sys.argv[1:4]
    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *arguments): pass
        def do_GET(self):
            with open(log, "a") as lines: lines.write(self.path + "\\n")
            try: self.answer()
            except OSError: pass
        def answer(self):
            if answer == "never": time.sleep(60)
            if answer == "missing": return self.send_error(404)
            whole = b"no ELF file" if answer == "text" else open(file, "rb").read()
            self.send_response(200)
            if answer in ("whole", "text"): self.send_header("Content-Length", str(len(whole)))
            self.end_headers()
            if answer == "half": whole = whole[:len(whole) // 2]
            self.wfile.write(whole)
            while answer == "endless":
                self.wfile.write(bytes(65536))
                time.sleep(0.01)
    class Server(socketserver.ThreadingMixIn, http.server.HTTPServer): daemon_threads = True
    server = Server(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()
    """

  let url: String
  private let server: RunningTool
  private let log: String

  /// - Parameter file: the file that it sends for any build id.
  init(_ answer: Answer, file: String, in fixture: TraceFixture) throws {
    let name = UUID().uuidString
    let log = fixture.path(name + ".log")
    self.log = log
    let program = fixture.path(name + ".py")
    try Self.program.write(toFile: program, atomically: true, encoding: .utf8)
    let server = try RunningTool(
      program: "/usr/bin/env", ["python3", program, answer.rawValue, file, log])
    self.server = server
    try server.waitUntil { output, _ in output.hasSuffix("\n") }
    url = "http://127.0.0.1:\(server.text().output.dropLast())"
  }

  /// The requested paths.
  var requests: [String] {
    guard let text = try? String(contentsOfFile: log, encoding: .utf8) else { return [] }
    return text.split(separator: "\n").map(String.init)
  }

  func end() throws {
    server.send(SIGKILL)
    _ = try server.wait()
  }

  deinit { try? end() }
}
