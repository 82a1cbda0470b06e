package import TraceAnalysis
internal import TraceFormat

/// A frame of an event's stack as passed to the formats.
package struct NamedFrame: Hashable, Sendable {
  package var address: UInt64
  /// Name of the image or origin: `libc.so.6`, `[jit]`, `[k]`; empty if unknown.
  package var module: String
  /// Name of the function; empty if unknown.
  package var function: String
  /// Offset from the function's start.
  package var offset: UInt64
  /// Reason for a missing name; empty if there is a name.
  package var reason: String
  /// Whether the name may belong to other code that was at the address at about the same time.
  package var isUncertain = false
  /// Whether the name may still change, because the file is growing.
  package var isProvisional = false
  /// Source position; empty if unknown or not to be shown.
  package var source: FrameSource

  package init(
    address: UInt64, module: String = "", function: String = "", offset: UInt64 = 0,
    reason: String = "", source: FrameSource = FrameSource()
  ) {
    self.address = address
    self.module = module
    self.function = function
    self.offset = offset
    self.reason = reason
    self.source = source
  }

  /// Placeholder for callers in a damaged part of the file.
  static var lost: NamedFrame {
    NamedFrame(address: StackNode.lostAddress, reason: "callers lost")
  }
}

/// Maps addresses in stacks to names.
package protocol FrameNames: AnyObject {
  /// Returns the named frame of an address.
  ///
  /// - Parameter isCaller: see ``Symbolizer/resolve(pid:address:at:isCaller:)``.
  func frame(_ address: UInt64, pid: UInt32, at time: Int64, isCaller: Bool) throws -> NamedFrame
}

extension FrameNames {
  /// Returns the frames of a stack, innermost first.
  func frames(_ stack: [UInt64], pid: UInt32, at time: Int64) throws -> [NamedFrame] {
    var frames: [NamedFrame] = []
    frames.reserveCapacity(stack.count)
    for (index, address) in stack.enumerated() {
      if address == StackNode.lostAddress {
        frames.append(.lost)
        continue
      }
      let isCaller = StackAddress.isCaller(address, inner: index > 0 ? stack[index - 1] : nil)
      frames.append(try frame(address, pid: pid, at: time, isCaller: isCaller))
    }
    return frames
  }
}

/// A cache, by symbol, of the displayed names of modules and functions.
struct ShownSymbols {
  /// Maximum number of symbols kept. When exceeded, the cache is cleared.
  static let keptMax = 1 << 16
  private var kept: [SymbolID: (module: String, function: String)] = [:]

  mutating func frame(
    _ address: UInt64, _ resolution: Resolution, symbol: (SymbolID) -> CodeSymbol,
    module: (ModuleID) -> CodeModule
  ) -> NamedFrame {
    switch resolution {
    case .symbol(let id, let offset, let certainty):
      let names = names(of: id, symbol, module)
      var frame = NamedFrame(
        address: address, module: names.module, function: names.function, offset: offset)
      frame.isUncertain = certainty == .uncertain
      return frame
    case .unresolved(let reason, let known):
      return NamedFrame(
        address: address, module: known.map { module($0).shownName } ?? "", reason: reason.label)
    }
  }

  private mutating func names(
    of id: SymbolID, _ symbol: (SymbolID) -> CodeSymbol, _ module: (ModuleID) -> CodeModule
  ) -> (module: String, function: String) {
    if let known = kept[id] { return known }
    if kept.count >= Self.keptMax { kept = [:] }
    let frame = StackFrame(symbol(id), module: module)
    let mark = frame.mark.isEmpty ? "" : " (\(frame.mark))"
    let names = (frame.module, frame.function + mark)
    kept[id] = names
    return names
  }

  /// Clears the cache, because ids of symbols may be reused.
  mutating func forgetAll() { kept = [:] }
}

extension OutputBuffer {
  /// Appends `libc.so.6!memcpy+0x12`, or `0x7f00 (never announced)`. If lines are shown, appends
  /// `demo!work+0x12 demo.c:6`, preceded by inlined calls: `demo!twice (inlined)`.
  mutating func append(_ frame: borrowing NamedFrame, _ style: EscapeStyle) {
    if frame.function.isEmpty {
      if frame.address != StackNode.lostAddress {
        append(hex: frame.address)
        append(byte: UInt8(ascii: " "))
      }
      append("(")
      if !frame.module.isEmpty {
        append(escaping: frame.module, style)
        append(": ")
      }
      append(escaping: frame.reason, style)
      append(")")
      return
    }
    for call in frame.source.inlined {
      append(frame.module, call.function, style)
      append(" (inlined)")
      append(call.place, style)
      append(" <- ")
    }
    append(frame.module, frame.function, style)
    append("+")
    append(hex: frame.offset)
    if frame.isUncertain { append(" (uncertain)") }
    if frame.isProvisional { append(" (provisional)") }
    append(frame.source.place, style)
  }

  private mutating func append(_ module: String, _ function: String, _ style: EscapeStyle) {
    append(escaping: module, style)
    append("!")
    append(escaping: function, style)
  }

  private mutating func append(_ place: FrameSource.Place?, _ style: EscapeStyle) {
    guard let place else { return }
    append(byte: UInt8(ascii: " "))
    append(escaping: place.shortName, style)
  }

  /// Appends frames, innermost first.
  mutating func append(_ frames: some StackFrames, in format: some EventFormat) {
    for index in 0..<frames.count {
      if index > 0 { append(" <- ") }
      frames.write(index, in: format, to: &self)
    }
  }
}
