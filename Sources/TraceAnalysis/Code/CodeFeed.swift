internal import TraceEvents
internal import TraceFormat

/// Puts the events that tell of code into a ``CodeMap``.
final class CodeFeed {
  let map: CodeMap
  var modules = ModuleTable()
  var lines = LineTables()
  var losses = LossWindows()
  /// Nil in a session that is listened to without one.
  private let file: TraceFile?
  private let startNanoseconds: () -> UInt64
  private let keepsLines: Bool
  private let knowsCompiledCode: Bool
  private var name = RuntimeName()

  convenience init(_ file: TraceFile, options: SymbolizerOptions) {
    self.init(CodeMap(options: options), file, options: options) {
      file.session.start.monotonicNanoseconds
    }
  }

  /// - Parameter startNanoseconds: CLOCK_MONOTONIC at the trace's start; asked once events come.
  init(
    _ map: CodeMap, _ file: TraceFile?, options: SymbolizerOptions,
    startNanoseconds: @escaping () -> UInt64
  ) {
    self.map = map
    self.file = file
    keepsLines = options.keepsLines
    knowsCompiledCode = options.knowsCompiledCode
    self.startNanoseconds = startNanoseconds
  }

  func subscribe(to replay: some CodeEventSource) {
    subscribeToProcesses(replay)
    subscribeToRuntimeImages(replay)
    if knowsCompiledCode {
      subscribeToRuntime(replay)
      subscribeToFiles(replay)
    }
    guard let file else { return }
    replay.onLoss { [self] loss in
      let pid = loss.processIndex.flatMap { file.process(index: $0)?.pid }
      losses.add(
        pid, from: file.timestamp(ofTicks: loss.fromTicks),
        until: file.timestamp(ofTicks: loss.toTicks))
    }
  }

  // MARK: Processes and what they map

  private func subscribeToProcesses(_ replay: some CodeEventSource) {
    replay.on(ProcessStart.self) { [map] event, header in
      guard !header.flags.contains(.rundown) else { return }
      map.processStarted(header.pid, parent: event.parentPID, at: header.timestamp)
    }
    replay.on(ProcessExec.self) { [map] _, header in
      map.processRenewed(header.pid, at: header.timestamp)
    }
    replay.on(ProcessStop.self) { [map] _, header in
      map.processStopped(header.pid, at: header.timestamp)
    }
    replay.on(ImageMap.self) { [self] event, header in
      let image = ImageIdentity(mapping: event, pid: header.pid)
      map.map(
        CodeAnnouncement(
          start: event.baseAddress, size: event.size, identity: event.fileOffset,
          symbol: modules.number(of: image), traits: image.isAnonymous ? .anonymous : []),
        .image, pid: header.pid, at: header.timestamp,
        knowsBeginning: !header.flags.contains(.rundown))
    }
  }

  /// Files that had been processes' before there was anything to tell of them: a pid that a session
  /// met twice is another process's, or another program's, the second time.
  func splitReusedPIDs(except told: Set<UInt32>) {
    guard let file else { return }
    let records = file.processes.filter { !told.contains($0.pid) }
      .sorted { ($0.pid, $0.joinTicks) < ($1.pid, $1.joinTicks) }
    for (last, next) in zip(records, records.dropFirst()) where last.pid == next.pid {
      guard let boundary = next.boundary(after: last) else { continue }
      _ = map.current(last.pid)
      map.processRenewed(next.pid, at: file.timestamp(ofTicks: boundary))
    }
  }

  // MARK: The runtime's own events

  private func subscribeToRuntime(_ replay: some CodeEventSource) {
    replay.on(MethodLoad.self) { [self] event, header in
      name.compose(namespace: event.namespace, name: event.name, signature: event.signature)
      map.load(
        CodeAnnouncement(
          start: event.startAddress, size: UInt64(event.size),
          identity: Self.identity(event.methodID, event.reJITID),
          symbol: symbol(.provider, tier: event.tier.rawValue)),
        .provider, pid: header.pid, at: header.timestamp,
        knowsBeginning: !header.flags.contains(.rundown))
    }
    replay.on(MethodUnload.self) { [self] event, header in
      name.compose(namespace: event.namespace, name: event.name, signature: event.signature)
      let tier = UInt8(event.flags.rawValue >> 7 & 7)
      map.unload(
        CodeAnnouncement(
          start: event.startAddress, size: UInt64(event.size),
          identity: Self.identity(event.methodID, event.reJITID),
          symbol: name.bytes.isEmpty ? CodeRow.none : symbol(.provider, tier: tier)),
        .provider, pid: header.pid, at: header.timestamp)
    }
    replay.on(MethodMove.self) { [map] event, header in
      map.move(
        CodeAnnouncement(
          start: event.newStartAddress, size: UInt64(event.size),
          identity: Self.identity(event.methodID, event.reJITID), symbol: CodeRow.none),
        from: event.oldStartAddress, .provider, pid: header.pid, at: header.timestamp)
    }
    replay.on(SymbolLoad.self) { [self] event, header in
      let symbol = map.names.intern(
        event.name, module: modules.number(of: .provider), source: .provider)
      map.load(
        CodeAnnouncement(start: event.address, size: event.size, symbol: symbol), .provider,
        pid: header.pid, at: header.timestamp,
        knowsBeginning: !header.flags.contains(.rundown))
    }
    guard keepsLines else { return }
    replay.on(MethodILToNativeMap.self) { [self] event, header in addLines(event, header) }
  }

  private func subscribeToRuntimeImages(_ replay: some CodeEventSource) {
    replay.on(ImageLoad.self) { [self] event, header in
      let image = ImageIdentity(path: event.path, buildID: event.buildID, pid: header.pid)
      map.map(
        CodeAnnouncement(
          start: event.baseAddress, size: event.size, identity: event.fileOffset,
          symbol: modules.number(of: image), traits: image.isAnonymous ? .anonymous : []),
        .runtimeImage, pid: header.pid, at: header.timestamp,
        knowsBeginning: !header.flags.contains(.rundown))
    }
    replay.on(ImageUnload.self) { [map] event, header in
      map.unmap(
        event.baseAddress, size: event.size, .runtimeImage, pid: header.pid, at: header.timestamp)
    }
  }

  private func symbol(_ source: SymbolSource, tier: UInt8) -> UInt32 {
    let module = modules.number(of: source)
    return name.bytes.withUnsafeBytes {
      map.names.intern($0, module: module, source: source, tier: tier)
    }
  }

  /// One number for a method's code version; 0 where the runtime has no handles.
  private static func identity(_ methodID: UInt64, _ version: UInt64) -> UInt64 {
    methodID == 0 ? 0 : max(1, methodID ^ version &* 0x9e37_79b9_7f4a_7c15)
  }

  // MARK: jitdump files and perf maps

  private func subscribeToFiles(_ replay: some CodeEventSource) {
    replay.on(CodeLoad.self) { [self] event, header in
      let (layer, source) = Self.layer(event.source)
      let symbol = map.names.intern(
        event.name, module: modules.number(of: source), source: source)
      map.load(
        CodeAnnouncement(
          start: event.address, size: event.size, identity: event.codeIndex, symbol: symbol,
          doubt: event.since == 0 ? 0 : UInt32(clamping: event.doubt)),
        layer, pid: header.pid, at: time(event.since, header),
        knowsBeginning: event.since != 0 || !header.flags.contains(.rundown))
    }
    replay.on(CodeMove.self) { [self] event, header in
      map.move(
        CodeAnnouncement(
          start: event.newAddress, size: event.size, identity: event.codeIndex,
          symbol: CodeRow.none),
        from: event.oldAddress, .jitdump, pid: header.pid, at: time(event.since, header))
    }
    replay.on(CodeClear.self) { [self] event, header in
      map.clear(Self.layer(event.source).0, pid: header.pid, at: time(event.since, header))
    }
    replay.on(CodeReplaced.self) { [map] event, header in
      map.replaceMemory(
        event.address, size: event.size, isSure: event.isSure, pid: header.pid,
        at: header.timestamp)
    }
    guard keepsLines else { return }
    replay.on(CodeLines.self) { [self] event, header in
      let count = min(event.addresses.count, event.lines.count, event.files.count)
      let rows = (0..<count).map { index in
        LineTables.Row(
          offset: UInt32(clamping: event.addresses[index] &- event.address),
          line: event.lines[index], file: lines.number(ofFile: event.files[index]))
      }
      add(rows, start: event.address, identity: 0, header, at: time(event.since, header))
    }
  }

  private static func layer(_ source: CodeSource) -> (CodeLayer, SymbolSource) {
    source == .jitdump ? (.jitdump, .jitdump) : (.perfMap, .perfMap)
  }

  /// When it came about, as the file says; not after it was read.
  private func time(_ since: UInt64, _ header: EventHeader) -> Int64 {
    guard since != 0 else { return header.timestamp }
    return min(Int64(bitPattern: since &- startNanoseconds()), header.timestamp)
  }

  // MARK: Source lines

  private func addLines(_ event: MethodILToNativeMap, _ header: EventHeader) {
    let count = min(event.nativeOffsets.count, event.lines.count)
    guard count > 0 else { return }
    let file = lines.number(ofFile: event.sourceFile)
    let rows = (0..<count).map {
      LineTables.Row(offset: event.nativeOffsets[$0], line: event.lines[$0], file: file)
    }
    add(
      rows, start: event.startAddress, identity: Self.identity(event.methodID, event.reJITID),
      header, at: header.timestamp)
  }

  private func add(
    _ rows: [LineTables.Row], start: UInt64, identity: UInt64, _ header: EventHeader,
    at time: Int64
  ) {
    let generation = map.generation(header.pid, at: time)
    lines.add(rows, generation: generation.number, start: start, identity: identity, at: time)
  }
}
