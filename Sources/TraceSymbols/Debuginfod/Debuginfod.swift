internal import CDebuginfod
internal import Glibc
internal import OSStrings
internal import Synchronization

/// Images and debug files by build id, from the servers that `DEBUGINFOD_URLS` names.
///
/// elfutils' client fetches and caches them, so that the variables and the cache are the same as
/// for gdb, perf and the rest: `DEBUGINFOD_CACHE_PATH`, `DEBUGINFOD_TIMEOUT`, `DEBUGINFOD_MAXTIME`,
/// `DEBUGINFOD_MAXSIZE`. What no server has is remembered in the cache as well.
///
/// - Guarantee: nothing connects to a server unless somebody makes one of these and gives it to
///   ``DebugFiles/servers``. A file is used only when its build id is the one that was asked for
///   and when none of it is missing; another is removed from the cache.
/// - Cost: a look at the cache, or a transfer of ``Limits`` at most. When the servers do not
///   answer they are not asked again, nor after ``Limits/badAnswers``.
/// - Trap: safe from any thread, but one transfer holds up the others.
public final class Debuginfod: Sendable {
  /// What one file may take.
  public struct Limits: Sendable {
    public var bytes: UInt64 = 2 << 30
    public var seconds: UInt64 = 600
    /// Answers that cannot be used, of all files together.
    public var badAnswers = 8

    public init() {}
  }

  /// Why nothing can be asked for.
  public enum SetupProblem: Error, Hashable, Sendable {
    /// `DEBUGINFOD_URLS` is not set, or empty.
    case noServers
    /// There is no libdebuginfod.so.1.
    case notInstalled
    /// The library failed to begin.
    case failed
  }

  /// How much of a file has come, and how long it is; 0 where that is not known.
  public typealias Progress = @Sendable (_ bytes: UInt64, _ total: UInt64) -> Void

  enum Kind: String {
    case debuginfo, executable
  }

  private struct Key: Hashable {
    var kind: Kind
    var id: BuildID
  }

  private struct State {
    /// Where the file is; nil where there is none.
    var answers: [Key: String?] = [:]
    var problems: [DebuginfodProblem] = []
    var badAnswers = 0
    var hasGivenUp = false
  }

  private static let answersMax = 4096
  private static let problemsMax = 16

  private let client: DebuginfodClient
  private let state = Mutex(State())
  private let limits: Limits
  private let progress: Progress?

  /// - Parameter progress: called about once a second while a file comes; with zeros at its end.
  public init(limits: Limits? = nil, progress: Progress? = nil) throws(SetupProblem) {
    guard !Self.servers().isEmpty else { throw .noServers }
    guard Self.isInstalled else { throw .notInstalled }
    guard let client = DebuginfodClient() else { throw .failed }
    self.client = client
    self.limits = limits ?? Self.environmentLimits()
    self.progress = progress
  }

  /// What `DEBUGINFOD_URLS` names.
  public static func servers() -> [String] {
    (OSPath.getenv("DEBUGINFOD_URLS") ?? "").split { $0.isWhitespace }.map(String.init)
  }

  /// Whether this machine has elfutils' client.
  public static var isInstalled: Bool { trace_debuginfod_is_installed() }

  /// What went wrong so far; not what the servers simply do not have.
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

  /// The file of that build id; nil where no server has it, or none that can be used.
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
      // The client would give it again for ever.
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
  /// Each is its own.
  public static func == (one: Debuginfod, other: Debuginfod) -> Bool { one === other }

  /// By identity.
  public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}
