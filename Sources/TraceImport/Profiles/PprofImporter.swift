public import TraceFormat

/// Imports profiles that `go tool pprof` reads: profile.proto, plain or compressed with gzip.
/// `Docs/importers.md` has the table of what becomes what.
///
/// - Guarantee: an export of the trace has the profile's samples, values, labels, functions and
///   lines.
/// - Cost: two passes over the profile's bytes, which are in memory while it is read, at most
///   ``bytesMax(_:)`` bytes, and its tables, which are at most three times as large.
public struct PprofImporter: Importer {
  /// Creates an importer.
  public init() {}

  /// "a pprof profile".
  public var kind: String { "a pprof profile" }

  /// Maximum size of a profile, inflated, whose file has a number of bytes. What comes behind is
  /// left out and reported.
  public static func bytesMax(_ fileBytes: UInt64) -> Int {
    Int(min(512 << 20, max(32 << 20, fileBytes &* 24)))
  }

  /// Whether the file, inflated, begins with fields of profile.proto.
  public func recognizes(_ prefix: UnsafeRawBufferPointer) -> Bool {
    guard GzipBytes.isCompressed(prefix) else { return PprofProfile.isLikely(prefix) }
    return GzipBytes(prefix: prefix, limit: ImporterRegistry.prefixBytes).bytes
      .withUnsafeBytes(PprofProfile.isLikely)
  }

  /// Reads a profile and writes it as a trace.
  ///
  /// - Throws: ``ImportError/unusable(path:reason:)`` if it has no sample types.
  public func convert(
    _ source: ImportSource, to sink: any ByteSink
  ) throws(ImportError) -> ImportReport {
    let limit = Self.bytesMax(source.byteCount)
    let content = GzipBytes(source, limit: limit)
    var result: Result<ImportReport, ImportError>?
    content.bytes.withUnsafeBytes { bytes in
      do throws(ImportError) {
        let conversion = try PprofConversion(PprofProfile(bytes), source.name)
        result = .success(try conversion.run(to: sink))
      } catch {
        result = .failure(error)
      }
    }
    var report = try result?.get() ?? ImportReport()
    if content.isBroken { report.damage.append("ends too early or is damaged: gzip") }
    if content.isCut {
      report.damage.append("has more than \(limit >> 20) MB; the rest is left out")
    }
    return report
  }
}

extension PprofProfile {
  /// Whether a file's first bytes can be a profile: fields with the types of its message, and among
  /// them a sample type.
  static func isLikely(_ prefix: UnsafeRawBufferPointer) -> Bool {
    var fields = ProtobufFields(prefix, 0..<prefix.count)
    var hasType = false
    var count = 0
    while let (number, value) = fields.next() {
      count += 1
      switch (number, value) {
      case (1, .bytes(let range)):
        guard isValueType(prefix, range) else { return false }
        hasType = true
      case (2...6, .bytes), (11, .bytes), (13, .bytes): break
      case (7...10, .number), (12...15, .number): break
      default: return false
      }
    }
    return hasType && (count >= 3 || count == 2 && !fields.isBroken)
  }

  private static func isValueType(_ all: UnsafeRawBufferPointer, _ range: Range<Int>) -> Bool {
    var fields = ProtobufFields(all, range)
    var count = 0
    while let (number, value) = fields.next() {
      guard number == 1 || number == 2, case .number = value else { return false }
      count += 1
    }
    return !fields.isBroken && (1...2).contains(count)
  }
}
