/// Sizes, marks and limits of trace.etl; SPEC.md says what they mean.
enum FileLayout {
  static let versionMajor: UInt16 = 1
  static let versionMinor: UInt16 = 0
}
