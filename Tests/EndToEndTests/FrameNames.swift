import TraceAnalysis
import TraceEvents
import TraceFormat

extension TraceFile {
  /// The names of the frames of CPU samples, or the reasons for missing names: of frames outside
  /// the kernel in `wanted` modules and processes.
  func frameNames(
    _ options: SymbolizerOptions = .init(), where wanted: @escaping (UInt32, CodeModule) -> Bool
  ) throws -> Set<String> {
    let symbolizer = Symbolizer(self, options: options)
    try symbolizer.prepare()
    var names: Set<String> = []
    let replay = Replay(self)
    replay.on(SampledProfile.self) { _, header in
      for (depth, address) in self.stack(header.stack).enumerated() where address >> 63 == 0 {
        let found = symbolizer.resolve(
          pid: header.pid, address: address, at: header.timestamp, isCaller: depth > 0)
        switch found {
        case .symbol(let id, _, _):
          let symbol = symbolizer.symbol(id)
          if wanted(header.pid, symbolizer.module(symbol.module)) { names.insert(symbol.name) }
        case .unresolved(let reason, let module):
          if module.map({ wanted(header.pid, symbolizer.module($0)) }) == true {
            names.insert(reason.label)
          }
        }
      }
    }
    try replay.run()
    return names
  }
}
