internal import CDebuginfod
internal import Glibc
internal import Locks
internal import OSStrings

/// Downloads images and debug files by build id from the servers in `DEBUGINFOD_URLS`.
///
/// elfutils' client downloads and caches them, so the variables and the cache are the same as for
/// gdb, perf and other tools: `DEBUGINFOD_CACHE_PATH`, `DEBUGINFOD_TIMEOUT`, `DEBUGINFOD_MAXTIME`,
/// `DEBUGINFOD_MAXSIZE`. The cache also records files that no server has.
///
/// - Guarantee: connects to servers only if a client creates an instance and stores it in
///   ``DebugFiles/servers``. A file is used only if it has the requested build id and is complete;
///   other files are removed from the cache.
/// - Cost: a cache lookup, or a transfer limited by ``Limits``. No further requests are sent after
///   a server fails to answer, or after ``Limits/badAnswers``.
/// - Trap: thread-safe, but a transfer blocks other requests.
public final class Debuginfod: Sendable {
  /// Limits for one file, except `badAnswers`.
  public struct Limits: Sendable {
    public var bytes: UInt64 = 2 << 30
    public var seconds: UInt64 = 600
    /// Maximum number of unusable answers, for all files together.
    public var badAnswers = 8

    public init() {}
  }

  /// The reason why no requests are possible.
  public enum SetupProblem: Error, Hashable, Sendable {
    /// `DEBUGINFOD_URLS` is unset or empty.
    case noServers
    /// libdebuginfod.so.1 is not installed.
    case notInstalled
    /// The library failed to initialize.
    case failed
  }

  /// Reports the number of bytes received and the size of the file; 0 if the size is not known.
  public typealias Progress = @Sendable (_ bytes: UInt64, _ total: UInt64) -> Void

  enum Kind: String {
    case debuginfo, executable
  }

  private struct Key: Hashable {
    var kind: Kind
    var id: BuildID
  }

  private struct State {
    /// The path of the file; nil if there is none.
    var answers: [Key: String?] = [:]
    var problems: [DebuginfodProblem] = []
    var badAnswers = 0
    var hasGivenUp = false
  }

  private static let answersMax = 4096
  private static let problemsMax = 16

  private let client: DebuginfodClient
  private let state = Lock(State())
  private let limits: Limits
  private let progress: Progress?

  /// - Parameter progress: called about once a second during a transfer, and with zeros at its end.
  public init(limits: Limits? = nil, progress: Progress? = nil) throws(SetupProblem) {
    guard !Self.servers().isEmpty else { throw .noServers }
    guard Self.isInstalled else { throw .notInstalled }
    guard let client = DebuginfodClient() else { throw .failed }
    self.client = client
    self.limits = limits ?? Self.environmentLimits()
    self.progress = progress
  }

  /// The URLs in `DEBUGINFOD_URLS`.
  public static func servers() -> [String] {
    (OSPath.getenv("DEBUGINFOD_URLS") ?? "").split { $0.isWhitespace }.map(String.init)
  }

  /// Whether this machine has elfutils' client.
  public static var isInstalled: Bool { trace_debuginfod_is_installed() }

  /// The problems so far, without files that the servers do not have.
  public var problems: [DebuginfodProblem] { state.withLock { $0.problems } }

  private static func environmentLimits() -> Limits {
    func number(_ name: String) -> UInt64? {
      OSPath.getenv(name).flatMap { UInt64($0) }.flatMap { $0 > 0 ? $0 : nil }
    }
    var limits = Limits()
    limits.bytes = number("DEBUGINFOD_MAXSIZE") ?? limits.bytes
    limits.seconds = number("DEBUGINFOD_MAXTIME") ?? limits.seconds
    return limits
  }

  /// The file with this build id; nil if no server has a usable one.
  func file(_ kind: Kind, of id: BuildID) -> (file: ELFFile, path: String)? {
    guard !id.isContent else { return nil }
    let path = state.withLock { state in
      let key = Key(kind: kind, id: id)
      if let known = state.answers[key] { return known }
      if state.hasGivenUp { return nil }
      if state.answers.count >= Self.answersMax { state.answers = [:] }
      let path = fetch(key, &state)
      state.answers[key] = .some(path)
      return path
    }
    guard let path, let file = try? ELFFile(path: path) else { return nil }
    return (file, path)
  }

  private func fetch(_ key: Key, _ state: inout State) -> String? {
    let transfer = DebuginfodTransfer(
      name: key.kind.rawValue, id: key.id, limits: limits, progress: progress)
    let answer = client.find(key.kind == .executable, key.id, transfer)
    progress?(0, 0)
    let problem: DebuginfodProblem.Kind
    switch answer {
    case .found(let path):
      guard let fault = fault(of: path, key) else { return path }
      // Otherwise the client would return it from its cache again.
      _ = OSPath.unlink(path)
      problem = fault
    case .failed where transfer.excess != nil:
      problem = transfer.excess!
    case .failed(ENOENT): return nil
    case .failed(EFBIG): problem = .tooLong(limit: limits.bytes)
    case .failed(let code): problem = .failed(code: code)
    }
    note(
      DebuginfodProblem(
        kind: problem, file: key.kind.rawValue, buildID: key.id, server: client.lastServer), &state)
    return nil
  }

  private func fault(of path: String, _ key: Key) -> DebuginfodProblem.Kind? {
    guard let file = try? ELFFile(path: path) else { return .notELF }
    guard file.source.count <= limits.bytes else { return .tooLong(limit: limits.bytes) }
    guard file.buildID?.matches(key.id) == true else { return .otherBuildID(file.buildID) }
    return file.isWhole ? nil : .cut
  }

  private func note(_ problem: DebuginfodProblem, _ state: inout State) {
    if state.problems.count < Self.problemsMax { state.problems.append(problem) }
    state.badAnswers += 1
    switch problem.kind {
    case .failed, .tooSlow: state.hasGivenUp = true
    default: state.hasGivenUp = state.badAnswers >= limits.badAnswers
    }
  }
}

extension Debuginfod: Hashable {
  /// Compares identities.
  public static func == (one: Debuginfod, other: Debuginfod) -> Bool { one === other }

  /// Hashes the identity.
  public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}
