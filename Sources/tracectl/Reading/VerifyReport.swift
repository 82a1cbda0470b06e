import TraceFormat

/// What `tracectl verify` prints.
struct VerifyReport {
  /// Damaged places that are listed one by one.
  static let listLimit = 100

  private let file: TraceFile

  init(_ file: TraceFile) { self.file = file }

  var lines: [String] {
    var lines = file.damage.prefix(Self.listLimit).map { damage in
      let blocks =
        damage.missingBlocks > 0 ? ", \(grouped(UInt64(damage.missingBlocks))) blocks missing" : ""
      return
        "damaged: \(grouped(damage.byteCount)) bytes at \(damage.offset): \(damage.what)\(blocks)"
    }
    if file.damage.count > Self.listLimit {
      lines.append("… and \(file.damage.count - Self.listLimit) more damaged places")
    }
    let read =
      "\(grouped(UInt64(file.blockCount))) whole blocks with \(grouped(file.eventCount)) events"
    if !file.damage.isEmpty {
      let unreadable = file.damage.reduce(UInt64(0)) { $0 &+ $1.byteCount }
      lines.append(
        "\(file.path): DAMAGED: \(read) can be read, \(readableBytes(unreadable)) of "
          + "\(readableBytes(file.byteCount)) cannot")
    } else if !file.isComplete {
      lines.append(
        "\(file.path): UNFINISHED: \(OpenTrace.unfinishedState(file)); \(read), none damaged")
    } else {
      lines.append("\(file.path): ok: \(read) in \(readableBytes(file.byteCount))")
    }
    return lines
  }
}
