internal import TraceEvents

/// The schedule by which a writer repeats its definitions, so that a damaged metadata block costs
/// nothing else.
///
/// Each record is written again after the first events that follow it. All records are written
/// again whenever the file has doubled and has grown by at least 16 times their bytes.
///
/// - Cost: each record one more time, plus at most a 16th of the file; this share falls as the file
///   grows.
struct Repetition {
  static let interval = 16
  /// Maximum size repeated at once, because readers limit a block's content.
  static let bytesMax = FileLayout.decodedBytesMax / 2

  /// Position in the file's metadata of the first record that is stored in only one block.
  private var repeated = 0
  private var repeatedRecords = 0
  /// File size at which all records are repeated next; nil before there are events.
  private var nextFull: UInt64?

  /// Returns the part of the metadata to write again now, as its first byte and record; nil if
  /// none.
  mutating func due(
    metadataBytes: Int, records: Int, fileBytes: UInt64
  ) -> (byte: Int, records: Int)? {
    let isFull = nextFull.map { fileBytes >= $0 } ?? false
    let start = isFull && metadataBytes <= Self.bytesMax ? 0 : repeated
    let count = start == 0 ? records : records - repeatedRecords
    defer {
      (repeated, repeatedRecords) = (metadataBytes, records)
      if isFull || nextFull == nil {
        nextFull = max(fileBytes * 2, fileBytes + UInt64(metadataBytes * Self.interval))
      }
    }
    return metadataBytes > start && metadataBytes - start <= Self.bytesMax ? (start, count) : nil
  }
}
