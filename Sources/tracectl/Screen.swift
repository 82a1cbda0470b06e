import Glibc
import TraceExport
import TraceFormat

/// Writes a line to standard error.
func complain(_ line: String) {
  var output = OutputBuffer(DescriptorSink(STDERR_FILENO), capacity: 4096)
  output.append(text: line + "\n")
  output.flush()
}
