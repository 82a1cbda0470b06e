internal import TraceEvents
internal import TraceFormat

/// Feeds the events about code into a ``CodeMap``.
final class CodeFeed {
  let map: CodeMap
  var modules = ModuleTable()
  var lines = LineTables()
  var losses = LossWindows()
  /// Nil in a session that is observed without a file.
  private let file: TraceFile?
  private let startNanoseconds: () -> UInt64
  private let processes: Processes
  private let keepsLines: Bool
  private let knowsCompiledCode: Bool
  private var name = RuntimeName()

  convenience init(_ file: TraceFile, _ processes: Processes, options: SymbolizerOptions) {
    let map = CodeMap(options: options, lives: processes.lives ?? ProcessLives())
    self.init(map, file, processes, options: options) { file.session.start.monotonicNanoseconds }
  }

  /// - Parameter processes: the processes of the trace; nil for an instance that notifies the map.
  /// - Parameter startNanoseconds: CLOCK_MONOTONIC at the trace's start; called once events arrive.
  init(
    _ map: CodeMap, _ file: TraceFile?, _ processes: Processes? = nil, options: SymbolizerOptions,
    startNanoseconds: @escaping () -> UInt64
  ) {
    self.map = map
    self.file = file
    self.processes = processes ?? Processes(telling: map, file)
    keepsLines = options.keepsLines
    knowsCompiledCode = options.knowsCompiledCode
    self.startNanoseconds = startNanoseconds
  }

  func subscribe(to replay: some CodeEventSource) {
    processes.listen(to: replay)
    subscribeToImages(replay)
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

  // MARK: Mappings

  private func subscribeToImages(_ replay: some CodeEventSource) {
    on(replay, ImageMap.self) { [self] event, header in
      let image = ImageIdentity(mapping: event, pid: header.pid)
      map.map(
        CodeAnnouncement(
          start: event.baseAddress, size: event.size, identity: event.fileOffset,
          symbol: modules.number(of: image), traits: image.isAnonymous ? .anonymous : []),
        .image, pid: header.pid, at: header.timestamp,
        knowsBeginning: !header.flags.contains(.rundown))
    }
  }

  /// Subscribes to events of a type; each is delivered after the owner of its pid is determined.
  private func on<Event: TraceEvent>(
    _ replay: some CodeEventSource, _ type: Event.Type,
    _ handler: @escaping (Event, EventHeader) -> Void
  ) {
    replay.on(type) { [processes] event, header in
      processes.settle(header.pid, upTo: header.timestamp)
      handler(event, header)
    }
  }

  // MARK: Runtime events

  private func subscribeToRuntime(_ replay: some CodeEventSource) {
    on(replay, MethodLoad.self) { [self] event, header in
      name.compose(namespace: event.namespace, name: event.name, signature: event.signature)
      map.load(
        CodeAnnouncement(
          start: event.startAddress, size: UInt64(event.size),
          identity: Self.identity(event.methodID, event.reJITID),
          symbol: symbol(.provider, tier: event.tier.rawValue)),
        .provider, pid: header.pid, at: header.timestamp,
        knowsBeginning: !header.flags.contains(.rundown))
    }
    on(replay, MethodUnload.self) { [self] event, header in
      name.compose(namespace: event.namespace, name: event.name, signature: event.signature)
      let tier = UInt8(event.flags.rawValue >> 7 & 7)
      map.unload(
        CodeAnnouncement(
          start: event.startAddress, size: UInt64(event.size),
          identity: Self.identity(event.methodID, event.reJITID),
          symbol: name.bytes.isEmpty ? CodeRow.none : symbol(.provider, tier: tier)),
        .provider, pid: header.pid, at: header.timestamp)
    }
    on(replay, MethodMove.self) { [map] event, header in
      map.move(
        CodeAnnouncement(
          start: event.newStartAddress, size: UInt64(event.size),
          identity: Self.identity(event.methodID, event.reJITID), symbol: CodeRow.none),
        from: event.oldStartAddress, .provider, pid: header.pid, at: header.timestamp)
    }
    on(replay, SymbolLoad.self) { [self] event, header in
      let symbol = map.names.intern(
        event.name, module: modules.number(of: .provider), source: .provider)
      map.load(
        CodeAnnouncement(start: event.address, size: event.size, symbol: symbol), .provider,
        pid: header.pid, at: header.timestamp,
        knowsBeginning: !header.flags.contains(.rundown))
    }
    guard keepsLines else { return }
    on(replay, MethodILToNativeMap.self) { [self] event, header in addLines(event, header) }
  }

  private func subscribeToRuntimeImages(_ replay: some CodeEventSource) {
    on(replay, ImageLoad.self) { [self] event, header in
      let image = ImageIdentity(path: event.path, buildID: event.buildID, pid: header.pid)
      map.map(
        CodeAnnouncement(
          start: event.baseAddress, size: event.size, identity: event.fileOffset,
          symbol: modules.number(of: image), traits: image.isAnonymous ? .anonymous : []),
        .runtimeImage, pid: header.pid, at: header.timestamp,
        knowsBeginning: !header.flags.contains(.rundown))
    }
    on(replay, ImageUnload.self) { [map] event, header in
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

  /// Returns a unique number for a version of a method's code; 0 if the runtime has no handles.
  private static func identity(_ methodID: UInt64, _ version: UInt64) -> UInt64 {
    methodID == 0 ? 0 : max(1, methodID ^ version &* 0x9e37_79b9_7f4a_7c15)
  }

  // MARK: jitdump files and perf maps

  private func subscribeToFiles(_ replay: some CodeEventSource) {
    on(replay, CodeLoad.self) { [self] event, header in
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
    on(replay, CodeMove.self) { [self] event, header in
      map.move(
        CodeAnnouncement(
          start: event.newAddress, size: event.size, identity: event.codeIndex,
          symbol: CodeRow.none),
        from: event.oldAddress, .jitdump, pid: header.pid, at: time(event.since, header))
    }
    on(replay, CodeClear.self) { [self] event, header in
      map.clear(Self.layer(event.source).0, pid: header.pid, at: time(event.since, header))
    }
    replay.on(CodeReplaced.self) { [map] event, header in
      map.replaceMemory(
        event.address, size: event.size, isSure: event.isSure, pid: header.pid,
        at: header.timestamp)
    }
    guard keepsLines else { return }
    on(replay, CodeLines.self) { [self] event, header in
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

  /// Returns the time of the event as recorded in the file, but not later than the file was read.
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
