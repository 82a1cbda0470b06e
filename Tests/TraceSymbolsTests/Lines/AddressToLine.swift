import TraceSymbols

/// What binutils' addr2line says of addresses: the oracle.
enum AddressToLine {
  struct Frame: Hashable {
    var function: String
    /// `file:line`, or "??:0".
    var place: String
  }

  /// For each address the frames, the innermost first; nil without the program.
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
  /// As addr2line prints them, but for the outermost function's name. For the innermost, addr2line
  /// sometimes has the symbol's name, which is the outermost's, in place of the inlined one's.
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

  /// addr2line prints `?` for what it does not know.
  static func fits(_ line: SourceLine?, _ place: String) -> Bool {
    guard let line else { return place.hasSuffix(":?") || place.hasSuffix(":0") }
    // Relative to which directory, the two do not agree where the compiler's was relative.
    return place.split(separator: "/").last.map(String.init) == line.shortName
  }
}
