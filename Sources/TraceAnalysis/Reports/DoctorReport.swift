/// What this machine and user can trace, as one finding per check.
public struct DoctorReport: Report {
  /// Result of one check.
  public struct Finding: Hashable, Sendable {
    /// Severity of a finding.
    public enum Verdict: String, Hashable, Sendable {
      case ok
      /// Tracing works, but less well than it could.
      case warn
      /// Tracing does not work until this is changed.
      case fail
    }

    public var verdict: Verdict
    public var subject: String
    /// What was found, as a sentence.
    public var observation: String
    /// What to do; nil if nothing.
    public var advice: String?

    public init(
      _ verdict: Verdict, _ subject: String, _ observation: String, advice: String? = nil
    ) {
      self.verdict = verdict
      self.subject = subject
      self.observation = observation
      self.advice = advice
    }
  }

  /// Nothing is recorded, so nothing is lost.
  public var lost: LostEvents { LostEvents() }
  public var partial: [PartialReason] { [] }
  public var findings: [Finding]

  public init(_ findings: [Finding]) { self.findings = findings }

  /// Whether any finding prevents tracing.
  public var fails: Bool { findings.contains { $0.verdict == .fail } }
}
