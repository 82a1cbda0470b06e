import TraceSession

/// The value of `-unwind`, parsed and checked: `fp`, `dwarf`, `dwarf:BYTES`.
struct UnwindChoice {
  private let text: String

  init(_ text: String) { self.text = text }

  /// The selected method; nil if nothing is sampled and the option has its default.
  func walk(isSampling: Bool) throws(Failure) -> StackWalk? {
    let walk = try parsed()
    if isSampling { return walk }
    if walk == .framePointers { return nil }
    throw Failure(
      .usage, "-unwind applies to the stacks of CPU samples, and none are collected",
      next: "add CPU to -providers")
  }

  private func parsed() throws(Failure) -> StackWalk {
    let parts = text.lowercased().split(separator: ":", omittingEmptySubsequences: false)
    switch (parts[0], parts.count) {
    case ("fp", 1): return .framePointers
    case ("dwarf", 1...2):
      guard StackWalk.canUnwindCallFrames else {
        throw Failure(
          .usage, "-unwind dwarf works on x86-64 only", next: "omit it, or use -unwind fp")
      }
      return .callFrames(
        stackBytes: parts.count == 2 ? try bytes(String(parts[1])) : StackWalk.stackBytesUsual)
    default:
      throw Failure(
        .usage, "-unwind has no method '\(text)'", next: "use fp, dwarf or dwarf:BYTES")
    }
  }

  private func bytes(_ text: String) throws(Failure) -> Int {
    let range = StackWalk.stackBytes
    guard let size = ByteSize(text)?.bytes, range.contains(size), size % 8 == 0 else {
      throw Failure(
        .usage, "-unwind dwarf cannot copy '\(text)' bytes of each stack",
        next: "give a multiple of 8 from \(range.lowerBound) to \(range.upperBound), "
          + "for example dwarf:32K")
    }
    return size
  }
}
