public import TraceAnalysis
import TraceFormat

/// A ``VerifyReport`` for human readers: one line per damaged place, then the verdict.
public struct VerifyText: Renderer {
  /// Maximum number of damaged places listed individually.
  static let listLimit = 100

  public let format = OutputFormat.text

  public init() {}

  /// Writes the report; names are escaped.
  public func render(
    _ report: VerifyReport, _ options: RenderOptions, to output: inout OutputBuffer
  ) {
    for damage in report.damage.prefix(Self.listLimit) {
      output.append(escaped: line(damage))
      output.append("\n")
    }
    let more = report.damage.count - Self.listLimit
    if more > 0 { output.append(text: "… and \(more) more damaged places\n") }
    output.append(escaped: "\(report.trace): \(verdict(report))")
    output.append("\n")
  }

  private func line(_ damage: Damage) -> String {
    let missing =
      damage.missingBlocks > 0 ? ", \(counted(damage.missingBlocks, "block")) missing" : ""
    return "damaged: \(counted(damage.byteCount, "byte")) at \(damage.offset): "
      + "\(damage.what)\(missing)"
  }

  private func verdict(_ report: VerifyReport) -> String {
    let read = "\(counted(report.blocks, "whole block")) with \(counted(report.events, "event"))"
    let size = readableBytes(report.size_bytes)
    if !report.damage.isEmpty {
      return "DAMAGED: \(read) can be read, "
        + "\(readableBytes(report.unreadable_bytes)) of \(size) cannot"
    }
    if let state = report.unfinishedState {
      return "UNFINISHED: \(state); \(read), none damaged"
    }
    return "ok: \(read) in \(size)"
  }
}
