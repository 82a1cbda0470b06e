internal import CDebuginfod
internal import Glibc
internal import OSStrings

/// A client of the C library. Used by one thread at a time, which ``Debuginfod`` ensures.
final class DebuginfodClient: @unchecked Sendable {
  enum Answer {
    case found(path: String)
    /// An errno.
    case failed(Int32)
  }

  private let client: UnsafeMutableRawPointer
  /// The server of the last answer.
  private(set) var lastServer: String?

  /// Nil if the library is missing or fails.
  init?() {
    guard let client = trace_debuginfod_begin() else { return nil }
    self.client = client
  }

  deinit { trace_debuginfod_end(client) }

  func find(_ isExecutable: Bool, _ id: BuildID, _ transfer: DebuginfodTransfer) -> Answer {
    var path: UnsafeMutablePointer<CChar>?
    let code = withExtendedLifetime(transfer) {
      trace_debuginfod_find(
        client, isExecutable, id.bytes, Int32(id.bytes.count),
        { context, bytes, total in
          Unmanaged<DebuginfodTransfer>.fromOpaque(context!).takeUnretainedValue()
            .goesOn(bytes, total)
        }, Unmanaged.passUnretained(transfer).toOpaque(), &path)
    }
    defer { free(path) }
    lastServer = trace_debuginfod_url(client).flatMap { Self.server(String(osString: $0)) }
    guard code == 0, let path else { return .failed(code) }
    return .found(path: String(osString: path))
  }

  /// A URL's scheme, host and port, without credentials, for display.
  static func server(_ url: String) -> String? {
    guard let start = url.firstRange(of: "://")?.upperBound else { return nil }
    let authority = url[start...].prefix { $0 != "/" }
    let host = authority.lastIndex(of: "@").map { authority[$0...].dropFirst() } ?? authority
    return String(url[..<start]) + String(host)
  }
}

/// Enforces the limits of a transfer, in the library's callbacks.
///
/// The library reports a file's size only if the server does. Otherwise the received size is that
/// of the temporary file in the cache.
final class DebuginfodTransfer {
  private let limits: Debuginfod.Limits
  private let progress: Debuginfod.Progress?
  private let directories: [String]
  private let prefix: String
  private let start = DebuginfodTransfer.seconds()
  /// The reason why the transfer was stopped.
  private(set) var excess: DebuginfodProblem.Kind?

  init(name: String, id: BuildID, limits: Debuginfod.Limits, progress: Debuginfod.Progress?) {
    self.limits = limits
    self.progress = progress
    directories = DebugFiles.debugInfoCaches.map { "\($0)/\(id)" }
    prefix = name + "."
  }

  func goesOn(_ bytes: UInt64, _ total: UInt64) -> Bool {
    let here = max(bytes, total == 0 ? temporaryBytes() : 0)
    progress?(here, total)
    if max(here, total) > limits.bytes { excess = .tooLong(limit: limits.bytes) }
    if Self.seconds() - start > limits.seconds { excess = .tooSlow(seconds: limits.seconds) }
    return excess == nil
  }

  private static func seconds() -> UInt64 {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return UInt64(now.tv_sec)
  }

  /// The size of the largest temporary file, because a killed transfer may have left another one.
  private func temporaryBytes() -> UInt64 {
    var most: UInt64 = 0
    for path in directories {
      guard let directory = OSPath.opendir(path) else { continue }
      defer { closedir(directory) }
      for _ in 0..<64 {
        guard let entry = readdir(directory) else { break }
        let name = OSPath.name(entry)
        var status = stat()
        guard name.hasPrefix(prefix), OSPath.lstat(path + "/" + name, &status) == 0 else {
          continue
        }
        most = max(most, UInt64(max(0, status.st_size)))
      }
    }
    return most
  }
}
