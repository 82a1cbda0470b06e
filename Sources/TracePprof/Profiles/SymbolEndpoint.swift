internal import TraceAnalysis
internal import TraceExport
internal import TraceFormat

/// `symbol`: names for addresses in this process.
enum SymbolEndpoint {
  static let addressesMax = 10_000

  /// - Parameter text: `0x1234+0x5678`; what is not a number is left out, as Go does.
  static func answer(_ text: String) throws(PprofRefusal) -> PprofResponse {
    var answer = "num_symbols: 1\n"
    let parts = text.split(whereSeparator: { $0 == "+" || $0 == "\n" }).prefix(addressesMax)
    let addresses = parts.compactMap { part in
      part.hasPrefix("0x") ? UInt64(part.dropFirst(2), radix: 16) : UInt64(part)
    }
    guard !addresses.isEmpty else { return PprofResponse(text: answer) }
    do {
      let trace = try OwnTrace()
      let pid = trace.pid
      let file = try trace.file()
      var options = SymbolizerOptions()
      options.imageSymbols = [KeptImages(file)]
      let symbolizer = Symbolizer(file, options: options)
      try symbolizer.prepare()
      for address in addresses {
        let found = symbolizer.resolve(
          pid: pid, address: address, at: OwnTrace.stackTime, isCaller: false)
        guard let id = found.symbolID else { continue }
        answer += "0x" + String(address, radix: 16) + " \(exported(symbolizer.symbol(id).name))\n"
      }
    } catch {
      throw PprofRefusal(500, "The addresses cannot be named: \(error).")
    }
    return PprofResponse(text: answer)
  }
}
