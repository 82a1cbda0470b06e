package import TraceAnalysis
package import TraceFormat

/// A frame of an event's stack as the formats write it.
package struct NamedFrame: Hashable, Sendable {
  package var address: UInt64
  /// The image or origin: `libc.so.6`, `[jit]`, `[k]`; empty where none is known.
  package var module: String
  /// Empty where there is no name.
  package var function: String
  /// From the function's start.
  package var offset: UInt64
  /// Why there is no name; empty where there is one.
  package var reason: String

  package init(
    address: UInt64, module: String = "", function: String = "", offset: UInt64 = 0,
    reason: String = ""
  ) {
    self.address = address
    self.module = module
    self.function = function
    self.offset = offset
    self.reason = reason
  }

  /// In place of callers that lie in a damaged part of the file.
  static var lost: NamedFrame {
    NamedFrame(address: StackNode.lostAddress, reason: "callers lost")
  }
}

/// Gives addresses of stacks their names.
package protocol FrameNames: AnyObject {
  /// - Parameter isCaller: see ``Symbolizer/resolve(pid:address:at:isCaller:)``.
  func frame(_ address: UInt64, pid: UInt32, at time: Int64, isCaller: Bool) throws -> NamedFrame
}

extension FrameNames {
  /// The frames of a stack, innermost first.
  func frames(_ stack: [UInt64], pid: UInt32, at time: Int64) throws -> [NamedFrame] {
    var frames: [NamedFrame] = []
    frames.reserveCapacity(stack.count)
    for (index, address) in stack.enumerated() {
      if address == StackNode.lostAddress {
        frames.append(.lost)
        continue
      }
      // Where the kernel was entered, the program's own place is exact.
      let isCaller = index > 0 && stack[index - 1] >> 63 == address >> 63
      frames.append(try frame(address, pid: pid, at: time, isCaller: isCaller))
    }
    return frames
  }
}

/// Names as the whole file has them: it is read for them when the first stack is to be shown.
package final class FileFrameNames: FrameNames {
  private let symbolizer: Symbolizer
  private var isPrepared = false
  private var shown = ShownSymbols()

  package init(_ file: TraceFile, options: SymbolizerOptions = .init()) {
    symbolizer = Symbolizer(file, options: options)
  }

  /// The name at that time.
  package func frame(
    _ address: UInt64, pid: UInt32, at time: Int64, isCaller: Bool
  ) throws -> NamedFrame {
    if !isPrepared {
      isPrepared = true
      try symbolizer.prepare()
    }
    let resolution = symbolizer.resolve(
      pid: pid, address: address, at: time, isCaller: isCaller)
    return shown.frame(
      address, resolution, symbol: symbolizer.symbol, module: symbolizer.module)
  }
}

/// Modules' and functions' names as they are shown, kept by symbol.
struct ShownSymbols {
  /// More than these are looked up anew.
  static let keptMax = 1 << 16
  private var kept: [SymbolID: (module: String, function: String)] = [:]

  mutating func frame(
    _ address: UInt64, _ resolution: Resolution, symbol: (SymbolID) -> CodeSymbol,
    module: (ModuleID) -> CodeModule
  ) -> NamedFrame {
    switch resolution {
    case .symbol(let id, let offset, _):
      if kept[id] == nil {
        if kept.count >= Self.keptMax { kept = [:] }
        let frame = StackFrame(symbol(id), module: module)
        let mark = frame.mark.isEmpty ? "" : " (\(frame.mark))"
        kept[id] = (frame.module, frame.function + mark)
      }
      let names = kept[id]!
      return NamedFrame(
        address: address, module: names.module, function: names.function, offset: offset)
    case .unresolved(let reason, let known):
      return NamedFrame(
        address: address, module: known.map { module($0).shownName } ?? "", reason: reason.label)
    }
  }

  /// Ids that are given to others are not kept.
  mutating func forgetAll() { kept = [:] }
}

extension OutputBuffer {
  /// `libc.so.6!memcpy+0x12`, or `0x7f00 (never announced)`.
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
    append(escaping: frame.module, style)
    append("!")
    append(escaping: frame.function, style)
    append("+")
    append(hex: frame.offset)
  }

  /// Frames, innermost first, each called by the next.
  mutating func append(_ frames: [NamedFrame], _ style: EscapeStyle) {
    for (index, frame) in frames.enumerated() {
      if index > 0 { append(" <- ") }
      append(frame, style)
    }
  }
}
