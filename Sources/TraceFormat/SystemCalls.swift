import Glibc

/// Returns the C library's message for an errno value.
func systemMessage(_ code: Int32) -> String {
  withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
    guard strerror_r(code, buffer.baseAddress!, buffer.count) == 0 else { return "error \(code)" }
    return String(cString: buffer.baseAddress!)
  }
}
