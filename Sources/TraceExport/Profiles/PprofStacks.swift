public import TraceAnalysis

/// A pprof profile whose samples have values of their own, which may be negative: the heap's, or
/// the difference of two profiles.
public struct PprofStacks {
  /// A stack with its values.
  public struct Sample: Sendable {
    /// The stack's innermost frame in the profile's call tree.
    public var node: StackTree.Node
    /// As many as the heading has types. A sample without any value other than 0 is left out.
    public var values: [Int64]
    /// Size of the objects that the stack allocated, as the label `bytes`; nil for none.
    public var objectBytes: Int64?

    public init(node: StackTree.Node, values: [Int64], objectBytes: Int64? = nil) {
      (self.node, self.values, self.objectBytes) = (node, values, objectBytes)
    }
  }

  private let profile: StackProfile
  private let heading: PprofHeading

  /// - Parameter profile: what the samples' frames are; its own counts and comments are
  ///   not written.
  public init(_ profile: StackProfile, _ heading: PprofHeading) {
    (self.profile, self.heading) = (profile, heading)
  }

  /// Writes the whole profile.
  ///
  /// - Cost: as ``PprofExport``.
  public func write(_ samples: [Sample], to output: inout OutputBuffer) {
    var tables = PprofTables(profile)
    var places = PprofPlaces(profile)
    var gzip = GzipStream()
    var noStack: UInt64?
    var path: [UInt64] = []
    var (message, label) = (ProtobufMessage(), ProtobufMessage())
    tables.write(heading, [])
    for sample in samples where sample.values.contains(where: { $0 != 0 }) {
      _ = places.makePath(from: sample.node, &tables, &path)
      if path.isEmpty {
        let number = noStack ?? tables.location(named: "[no stack]")
        noStack = number
        path.append(number)
      }
      message.clear()
      message.field(1, packed: path)
      message.field(2, packed: sample.values.map { UInt64(bitPattern: $0) })
      if let size = sample.objectBytes {
        label.clear()
        label.field(1, tables.string("bytes"))
        label.field(3, signed: size)
        label.field(4, tables.string("bytes"))
        message.field(3, label)
      }
      tables.pending.field(2, message)
      if tables.pending.count > 1 << 16 {
        gzip.write(tables.pending, isLast: false, to: &output)
        tables.pending.clear()
      }
    }
    gzip.write(tables.pending, isLast: true, to: &output)
  }
}
