/// What a machine and a user can trace: a finding for each thing that was checked.
public struct DoctorReport: Report {
  /// What was found of one thing.
  public struct Finding: Hashable, Sendable {
    /// How good it is.
    public enum Verdict: String, Hashable, Sendable {
      case ok
      /// Tracing works, but not as well as it could.
      case warn
      /// Tracing does not work until this is changed.
      case fail
    }

    public var verdict: Verdict
    public var subject: String
    /// What was found, in a sentence.
    public var observation: String
    /// What to do; nil when there is nothing to do.
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

  /// Whether something keeps tracing from working.
  public var fails: Bool { findings.contains { $0.verdict == .fail } }
}
