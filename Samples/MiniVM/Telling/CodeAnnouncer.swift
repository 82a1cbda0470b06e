import Dispatch
import Synchronization
import TraceEvents
import TraceProvider

/// Announces code to sessions with the Runtime provider's events, at the times given by
/// `Announcement`, and existing code to sessions that start later.
final class CodeAnnouncer: CodeListener, Sendable {
  static let namespace = "Mini"

  private struct Live {
    var code: CodeRecord
    var isAnnounced: Bool
  }

  private struct State {
    var live: [UInt64: Live] = [:]
    var stubs: [CodeSymbol] = []
  }

  private let when: Announcement
  private let sourceFile: String
  // Events are emitted with the lock held, so that they are in order and no rundown misses one.
  private let state = Mutex(State())
  private let late = DispatchQueue(label: "late announcements")

  init(_ when: Announcement, sourceFile: String) {
    self.when = when
    self.sourceFile = sourceFile
  }

  func announce(_ stubs: [CodeSymbol]) {
    if case .never = when { return }
    state.withLock { state in
      state.stubs = stubs
      for stub in stubs { Runtime.provider.emit(stub.event) }
    }
  }

  func codeBegins(_ code: CodeRecord, _ bytes: UnsafeRawBufferPointer) {
    state.withLock { state in
      var isAnnounced = false
      if case .early = when {
        emitLoad(code)
        isAnnounced = true
      }
      state.live[code.serial] = Live(code: code, isAnnounced: isAnnounced)
    }
    if case .late(let milliseconds) = when {
      late.asyncAfter(deadline: .now() + .milliseconds(milliseconds)) { [self] in
        announceLate(code.serial)
      }
    }
  }

  private func announceLate(_ serial: UInt64) {
    state.withLock { state in
      guard let live = state.live[serial], !live.isAnnounced else { return }
      emitLoad(live.code)
      state.live[serial]?.isAnnounced = true
    }
  }

  func codeEnds(_ code: CodeRecord) {
    state.withLock { state in
      let live = state.live.removeValue(forKey: code.serial)
      catchUp(live)
      emitUnload(code)
    }
  }

  func codeMoves(_ old: CodeRecord, to new: CodeRecord, _ bytes: UnsafeRawBufferPointer) {
    state.withLock { state in
      let live = state.live.removeValue(forKey: old.serial)
      catchUp(live)
      switch when {
      case .early, .late:
        Runtime.provider.emit(
          MethodMove(
            methodID: old.methodID, oldStartAddress: old.start, newStartAddress: new.start,
            size: UInt32(old.size), reJITID: old.version))
      case .unloadOnly, .never: emitUnload(old)
      }
      state.live[new.serial] = Live(code: new, isAnnounced: live?.isAnnounced ?? false)
      if case .late = when { state.live[new.serial]?.isAnnounced = true }
    }
  }

  /// Emits a pending load before further events.
  private func catchUp(_ live: Live?) {
    guard case .late = when, let live, !live.isAnnounced else { return }
    emitLoad(live.code)
  }

  /// Reports existing code to a session.
  func rundown(to session: borrowing CaptureState) {
    if case .never = when { return }
    let (live, stubs) = state.withLock { (Array($0.live.values), $0.stubs) }
    for stub in stubs { session.emit(stub.event) }
    for entry in live where entry.isAnnounced { session.emit(entry.code.loadEvent) }
  }

  private func emitLoad(_ code: CodeRecord) {
    Runtime.provider.emit(code.loadEvent)
    Runtime.provider.emit(code.mapEvent(sourceFile: sourceFile))
  }

  private func emitUnload(_ code: CodeRecord) {
    if case .never = when { return }
    Runtime.provider.emit(code.unloadEvent)
  }
}

extension CodeSymbol {
  var event: SymbolLoad { SymbolLoad(address: start, size: UInt64(size), name: name) }
}

extension CodeRecord {
  var loadEvent: MethodLoad {
    MethodLoad(
      methodID: methodID, startAddress: start, size: UInt32(size), flags: .jitted,
      tier: isOptimized ? .optimizedTier1 : .quickJitted, namespace: CodeAnnouncer.namespace,
      name: name, signature: signature, reJITID: version)
  }

  var unloadEvent: MethodUnload {
    MethodUnload(
      methodID: methodID, startAddress: start, size: UInt32(size), flags: .jitted,
      namespace: CodeAnnouncer.namespace, name: name, signature: signature, reJITID: version)
  }

  func mapEvent(sourceFile: String) -> MethodILToNativeMap {
    MethodILToNativeMap(
      methodID: methodID, reJITID: version, startAddress: start,
      ilOffsets: placeOffsets.indices.map { UInt32($0 * MemoryLayout<Instruction>.stride) },
      nativeOffsets: placeOffsets, lines: lines, sourceFile: sourceFile)
  }
}
