internal import TraceEvents

/// When a writer repeats its definitions, so that damage to one block of metadata costs nothing
/// else.
///
/// Each record is written again after the first events that follow it. All are written again
/// when 16 times their bytes have been written, and from then on each time the file has doubled.
///
/// - Cost: each record once more, and at most a 16th of the file, which falls as the file grows.
struct Repetition {
  static let interval = 16
  /// More than this is not repeated at once: readers bound a block's content.
  static let bytesMax = FileLayout.decodedBytesMax / 2

  /// Where in the file's metadata the records begin that stand in one block only.
  private var repeated = 0
  private var repeatedRecords = 0
  /// Size of the file at which all is repeated next; nil before there are events.
  private var nextFull: UInt64?

  /// The part of the metadata to write again now, as its first byte and record; nil for none.
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
