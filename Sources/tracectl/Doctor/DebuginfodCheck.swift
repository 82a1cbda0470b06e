import TraceAnalysis
import TraceExport
import TraceSymbols

/// Checks whether `-debuginfod` can download debug files, without connecting to a server.
enum DebuginfodCheck {
  static func run() -> Finding {
    debuginfod(servers: Debuginfod.servers().count, isInstalled: Debuginfod.isInstalled)
  }

  static func debuginfod(servers: Int, isInstalled: Bool) -> Finding {
    let subject = "debuginfod"
    guard isInstalled else {
      return Finding(
        servers > 0 ? .warn : .ok, subject, "no libdebuginfod.so.1: -debuginfod cannot be used",
        advice: servers > 0 ? "install libdebuginfod1 (or elfutils-debuginfod-client)" : nil)
    }
    if servers == 0 {
      return Finding(.ok, subject, "DEBUGINFOD_URLS is not set: -debuginfod has no server to ask")
    }
    return Finding(
      .ok, subject,
      "DEBUGINFOD_URLS names \(counted(servers, "server")), asked only with -debuginfod")
  }
}
