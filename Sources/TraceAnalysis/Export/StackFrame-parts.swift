extension StackFrame {
  /// Name and id of a frame that is a process or a thread.
  public struct Identity: Hashable, Sendable {
    /// Empty if unknown.
    public var name: String
    /// The number in decimal.
    public var id: String
  }

  /// The name and the id of a process or a thread; nil for other frames.
  public var identity: Identity? {
    guard kind == .process || kind == .thread, let open = function.lastIndex(of: "(") else {
      return nil
    }
    let id = function[function.index(after: open)...].dropLast()
    return Identity(name: String(function[..<open].dropLast()), id: String(id))
  }

  /// Whether the frame is a call inlined into the function of its caller.
  public var isInlined: Bool { kind == .function && mark == "inlined" }

  /// The function's name without its module, with the tier of compiled code: `fib (turbofan)`. What
  /// has no name has its module and the reason: `libc.so.6!? (no symbol)`.
  public var exportedName: String {
    switch kind {
    case .function: mark.isEmpty || mark == "inlined" ? function : "\(function) (\(mark))"
    case .unresolved:
      (module.isEmpty ? "" : module + "!") + function + (mark.isEmpty ? "" : " (\(mark))")
    default: function
    }
  }
}
