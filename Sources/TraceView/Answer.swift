internal import TraceExport
internal import TraceFormat

/// The answer to a request.
package struct Answer: Sendable {
  package var status: Int
  package var mediaType: String
  package var bytes: [UInt8]
  /// File name under which a browser saves the answer; nil if it shows it.
  package var fileName: String?
  /// Where a browser finds what it asked for; nil except in redirections.
  package var location: String?
  /// A page of another site that may read the answer; nil for none.
  package var allowedOrigin: String?

  package init(status: Int = 200, mediaType: String, bytes: [UInt8], fileName: String? = nil) {
    (self.status, self.mediaType, self.bytes) = (status, mediaType, bytes)
    self.fileName = fileName
  }

  /// Creates an answer of JSON written by `body`.
  init(status: Int = 200, json body: (inout OutputBuffer) -> Void) {
    let sink = MemorySink()
    var output = OutputBuffer(sink)
    output.writeJSON(body)
    output.flush()
    self.init(status: status, mediaType: "application/json", bytes: sink.bytes)
  }

  /// Creates an answer that says in a sentence why there is no other.
  package init(status: Int, error sentence: String) {
    self.init(status: status) { $0.field("error", sentence) }
  }
}

/// Reason why a request is not answered, as a sentence for people.
package struct Refusal: Error, Hashable, Sendable {
  package var status: Int
  package var sentence: String

  package init(_ status: Int, _ sentence: String) {
    (self.status, self.sentence) = (status, sentence)
  }

  package var answer: Answer { Answer(status: status, error: sentence) }
}
