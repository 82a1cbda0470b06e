import TraceSymbols

/// The results of binutils' addr2line, used as the oracle.
enum AddressToLine {
  struct Frame: Hashable {
    var function: String
    /// `file:line`, or "??:0".
    var place: String
  }

  /// The frames of each address, innermost first; nil without the program.
  static func frames(_ addresses: [UInt64], in path: String) -> [[Frame]]? {
    let input = addresses.map { "0x" + String($0, radix: 16) }.joined(separator: "\n") + "\n"
    guard let text = Tool.output("addr2line", ["-a", "-f", "-i", "-e", path], input: input) else {
      return nil
    }
    var found: [[Frame]] = []
    var function: Substring?
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("0x") {
        found.append([])
        function = nil
      } else if let name = function {
        let place = line.split(separator: " (discriminator")[0]
        found[found.count - 1].append(Frame(function: "\(name)", place: "\(place)"))
        function = nil
      } else if !line.isEmpty {
        function = line
      }
    }
    return found
  }
}

extension SourceFrames {
  /// Whether the frames match those of addr2line, except for the outermost function's name. For the
  /// innermost frame, addr2line sometimes prints the symbol's name, which is the outermost
  /// function's, instead of the inlined one's.
  func matches(_ frames: [AddressToLine.Frame]) -> Bool {
    guard frames.count == inlined.count + 1 else { return false }
    for (index, (call, frame)) in zip(inlined.reversed(), frames).enumerated() {
      let isSymbol = index == 0 && frame.function == frames[frames.count - 1].function
      guard call.name == frame.function || isSymbol, Self.fits(call.line, frame.place) else {
        return false
      }
    }
    return Self.fits(line, frames[frames.count - 1].place)
  }

  /// Whether a line matches; addr2line prints `?` for unknown parts.
  static func fits(_ line: SourceLine?, _ place: String) -> Bool {
    guard let line else { return place.hasSuffix(":?") || place.hasSuffix(":0") }
    // The base directories differ if the compiler's path was relative.
    return place.split(separator: "/").last.map(String.init) == line.shortName
  }
}
