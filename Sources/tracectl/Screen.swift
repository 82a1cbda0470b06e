import Glibc
import TraceExport

/// Writes a report's lines to standard output, escaped.
func show(_ lines: [String]) throws(Failure) {
  var output = OutputBuffer(descriptor: STDOUT_FILENO)
  for line in lines { output.append(text: escapedForTerminal(line) + "\n") }
  output.flush()
  if output.failure != 0, output.failure != EPIPE {
    throw Failure("write to", "standard output", errno: output.failure)
  }
}

/// Writes a line to standard error.
func complain(_ line: String) {
  var output = OutputBuffer(descriptor: STDERR_FILENO, capacity: 4096)
  output.append(text: line + "\n")
  output.flush()
}
