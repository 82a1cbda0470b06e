import CJVM
import TraceEvents
import TraceProvider

/// Machine code that the compilers and the machine itself generate.
///
/// The machine tells of compiled methods from its service thread, some time after they may run.
enum CompiledCode {
  static func loaded(
    _ method: jmethodID, at address: UInt64, size: UInt32,
    map: UnsafeBufferPointer<jvmtiAddrLocationMap>, by tool: ToolInterface
  ) {
    let methodID = MethodNames.id(of: method)
    let audience = Replay.currentAudience
    let (entry, novelty) = CodeTable.shared.insert(
      address: address, methodID: methodID, size: size, forEveryone: audience.isEveryone)
    switch (audience, novelty) {
    case (.everyoneOnce, .rundownOnly), (.everyoneOnce, .told): return
    // The replay told of it while it stood in the machine's queue.
    case (.everyone, .told): return
    default: break
    }
    let names = MethodNames(of: method, by: tool)
    audience.emit(
      MethodLoad(
        methodID: methodID, startAddress: address, size: size, namespace: names.namespace,
        name: names.name, signature: names.signature, reJITID: UInt64(entry.version)))
    if !map.isEmpty, audience.wants(MethodILToNativeMap.self) {
      audience.emit(
        lineTable(
          of: method, methodID: methodID, version: entry.version, at: address, map: map, by: tool))
    }
  }

  /// The method's class may be unloaded already: then it has no names.
  static func unloaded(_ method: jmethodID, at address: UInt64, by tool: ToolInterface) {
    let methodID = MethodNames.id(of: method)
    let entry = CodeTable.shared.remove(address: address, methodID: methodID)
    let names = MethodNames(of: method, by: tool)
    Runtime.provider.emit(
      MethodUnload(
        methodID: methodID, startAddress: address, size: entry?.size ?? 0,
        namespace: names.namespace, name: names.name, signature: names.signature,
        reJITID: UInt64(entry?.version ?? 0)),
      stack: JavaStack.append)
  }

  /// The interpreter, stubs, adapters. May be called before the machine can answer anything.
  static func generated(_ name: UnsafePointer<CChar>, at address: UInt64, size: UInt32) {
    let audience = Replay.currentAudience
    let novelty = CodeTable.shared.insert(
      address: address, methodID: 0, size: size, forEveryone: audience.isEveryone
    ).novelty
    // Live, the same address again is new code: nothing tells when such code goes.
    if case .everyoneOnce = audience, novelty != .new { return }
    audience.emit(
      SymbolLoad(
        address: address, size: UInt64(size),
        name: ModifiedUTF8.decode(name).clipped(toBytes: TextLimit.nameBytes)))
  }

  private static func lineTable(
    of method: jmethodID, methodID: UInt64, version: UInt32, at address: UInt64,
    map: UnsafeBufferPointer<jvmtiAddrLocationMap>, by tool: ToolInterface
  ) -> MethodILToNativeMap {
    let places = map.prefix(LineTable.entryLimit).map { entry in
      LineTable.Place(
        nativeOffset: UInt32(
          truncatingIfNeeded: UInt64(UInt(bitPattern: entry.start_address)) &- address),
        location: Int64(entry.location))
    }
    let table = LineTable(places, lines: tool.lines(of: method))
    return MethodILToNativeMap(
      methodID: methodID, reJITID: UInt64(version), startAddress: address,
      ilOffsets: table.ilOffsets, nativeOffsets: table.nativeOffsets, lines: table.lines,
      sourceFile: tool.declaringClass(of: method).map(tool.sourceFile(of:)) ?? "")
  }
}

extension Replay.Audience {
  fileprivate var isEveryone: Bool {
    if case .session = self { false } else { true }
  }

  func wants<E: TraceEvent>(_: E.Type) -> Bool {
    switch self {
    case .everyone, .everyoneOnce: Runtime.provider.isEnabled(E.self)
    case .session(let capture): capture.pointee.isEnabled(E.self)
    }
  }

  func emit<E: TraceEvent>(_ event: @autoclosure () -> E) {
    switch self {
    case .everyone, .everyoneOnce: Runtime.provider.emit(event(), stack: JavaStack.append)
    case .session(let capture): capture.pointee.emit(event())
    }
  }
}
