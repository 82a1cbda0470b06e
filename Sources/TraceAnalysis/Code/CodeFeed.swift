internal import TraceEvents
internal import TraceFormat

/// Makes announcements from the events about code, and keeps the names and modules that they refer
/// to by number.
final class CodeFeed {
  /// Holds the names; its processes hold the line tables.
  let map: CodeMap
  // Changed by one handler at a time, on the replay's thread.
  @exclusivity(unchecked) var modules = ModuleTable()
  var lines = LineTables()
  var statedLines = StatedLines()
  var losses = LossWindows()
  /// Nil for a session without a trace file.
  private let file: TraceFile?
  private let startNanoseconds: () -> UInt64
  private let processes: Processes
  private let taker: any AnnouncementTaker
  private let keepsLines: Bool
  private let knowsCompiledCode: Bool
  @exclusivity(unchecked) private var name = RuntimeName()
  private var shared = SharedAddressSpaces()

  /// - Parameter isLive: whether look-ups and events alternate.
  convenience init(
    _ file: TraceFile, _ processes: Processes, options: SymbolizerOptions, isLive: Bool = false
  ) {
    let map = CodeMap(
      options: options, lives: processes.lives ?? ProcessLives(), isLive: isLive)
    self.init(map, file, processes, options: options) { file.session.start.monotonicNanoseconds }
  }

  /// - Parameter processes: the trace's processes; if nil, they are created and report to the
  ///   taker.
  /// - Parameter taker: applies the announcements; nil for the map itself.
  /// - Parameter startNanoseconds: CLOCK_MONOTONIC at the trace's start; called once events arrive.
  init(
    _ map: CodeMap, _ file: TraceFile?, _ processes: Processes? = nil,
    telling taker: (any AnnouncementTaker)? = nil, options: SymbolizerOptions,
    startNanoseconds: @escaping () -> UInt64
  ) {
    self.map = map
    self.file = file
    self.taker = taker ?? map
    self.processes = processes ?? Processes(telling: self.taker, file)
    keepsLines = options.keepsLines
    knowsCompiledCode = options.knowsCompiledCode
    self.startNanoseconds = startNanoseconds
  }

  func subscribe(to replay: some CodeEventSource) {
    processes.listen(to: replay)
    subscribeToSharing(replay)
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
      let mapping = CodeAnnouncement(
        start: event.baseAddress, size: event.size, identity: event.fileOffset,
        symbol: modules.number(of: image), traits: image.isAnonymous ? .anonymous : [])
      tell(.map(mapping, .image, knowsBeginning: !header.flags.contains(.rundown)), header)
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

  /// - Parameter since: the time at which it happened, as recorded in a file; 0 if there is none.
  @inline(__always)
  private func tell(_ kind: Announcement.Kind, _ header: EventHeader, since: UInt64 = 0) {
    let time = time(since, header)
    taker.take(Announcement(kind, header.pid, at: time, toldAt: header.timestamp))
    if !shared.isEmpty { repeatForOthers(kind, header, at: time) }
  }

  // MARK: Shared address spaces

  private func subscribeToSharing(_ replay: some CodeEventSource) {
    replay.on(AddressSpaceShared.self) { [self] event, header in
      shared.join(header.pid, event.parentPID, at: header.timestamp)
    }
    // The former process's end may have been lost.
    replay.on(ProcessStart.self) { [self] in shared.leave($1.pid, at: $1.timestamp) }
    replay.on(ProcessExec.self) { [self] in shared.leave($1.pid, at: $1.timestamp) }
    replay.on(ProcessStop.self) { [self] in shared.leave($1.pid, at: $1.timestamp) }
  }

  private func repeatForOthers(
    _ kind: Announcement.Kind, _ header: EventHeader, at time: Int64
  ) {
    for pid in shared.others(than: header.pid, at: time) {
      taker.take(Announcement(kind, pid, at: time, toldAt: header.timestamp))
    }
  }

  // MARK: Runtime events

  private func subscribeToRuntime(_ replay: some CodeEventSource) {
    on(replay, MethodLoad.self) { [self] event, header in
      name.compose(namespace: event.namespace, name: event.name, signature: event.signature)
      let code = CodeAnnouncement(
        start: event.startAddress, size: UInt64(event.size),
        identity: Self.identity(event.methodID, event.reJITID),
        symbol: symbol(.provider, tier: event.tier.rawValue))
      tell(.load(code, .provider, knowsBeginning: !header.flags.contains(.rundown)), header)
    }
    on(replay, MethodUnload.self) { [self] event, header in
      name.compose(namespace: event.namespace, name: event.name, signature: event.signature)
      let tier = UInt8(event.flags.rawValue >> 7 & 7)
      let code = CodeAnnouncement(
        start: event.startAddress, size: UInt64(event.size),
        identity: Self.identity(event.methodID, event.reJITID),
        symbol: name.bytes.isEmpty ? CodeRow.none : symbol(.provider, tier: tier))
      tell(.unload(code, .provider), header)
    }
    on(replay, MethodMove.self) { [self] event, header in
      let code = CodeAnnouncement(
        start: event.newStartAddress, size: UInt64(event.size),
        identity: Self.identity(event.methodID, event.reJITID), symbol: CodeRow.none)
      tell(.move(code, from: event.oldStartAddress, .provider), header)
    }
    on(replay, SymbolLoad.self) { [self] event, header in
      let symbol = map.names.intern(
        event.name, module: modules.number(of: .provider), source: .provider)
      let code = CodeAnnouncement(start: event.address, size: event.size, symbol: symbol)
      tell(.load(code, .provider, knowsBeginning: !header.flags.contains(.rundown)), header)
    }
    guard keepsLines else { return }
    on(replay, MethodILToNativeMap.self) { [self] event, header in addLines(event, header) }
  }

  private func subscribeToRuntimeImages(_ replay: some CodeEventSource) {
    on(replay, ImageLoad.self) { [self] event, header in
      let image = ImageIdentity(path: event.path, buildID: event.buildID, pid: header.pid)
      let mapping = CodeAnnouncement(
        start: event.baseAddress, size: event.size, identity: event.fileOffset,
        symbol: modules.number(of: image), traits: image.isAnonymous ? .anonymous : [])
      tell(.map(mapping, .runtimeImage, knowsBeginning: !header.flags.contains(.rundown)), header)
    }
    on(replay, ImageUnload.self) { [self] event, header in
      tell(.unmap(event.baseAddress, size: event.size, .runtimeImage), header)
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
      let code = CodeAnnouncement(
        start: event.address, size: event.size, identity: event.codeIndex, symbol: symbol,
        doubt: event.since == 0 ? 0 : UInt32(clamping: event.doubt))
      let knowsBeginning = event.since != 0 || !header.flags.contains(.rundown)
      tell(.load(code, layer, knowsBeginning: knowsBeginning), header, since: event.since)
    }
    on(replay, CodeMove.self) { [self] event, header in
      let code = CodeAnnouncement(
        start: event.newAddress, size: event.size, identity: event.codeIndex,
        symbol: CodeRow.none)
      tell(.move(code, from: event.oldAddress, .jitdump), header, since: event.since)
    }
    on(replay, CodeClear.self) { [self] event, header in
      tell(.clear(Self.layer(event.source).0), header, since: event.since)
    }
    replay.on(CodeReplaced.self) { [self] event, header in
      tell(.replace(event.address, size: event.size, isSure: event.isSure), header)
    }
    guard keepsLines else { return }
    replay.on(ProfileLine.self) { [self] event, _ in statedLines.add(event) }
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
    func add(_ pid: UInt32) {
      let generation = map.generation(pid, at: time)
      lines.add(rows, generation: generation.number, start: start, identity: identity, at: time)
    }
    add(header.pid)
    guard !shared.isEmpty else { return }
    for pid in shared.others(than: header.pid, at: time) { add(pid) }
  }
}
