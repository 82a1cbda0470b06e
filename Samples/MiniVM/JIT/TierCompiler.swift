import TraceEvents
import TraceProvider

/// Decides which functions are compiled, when and in which tier, and installs the code.
final class TierCompiler {
  struct Options {
    var cacheBytes = 1 << 20
    /// Number of interpreted calls after which a function is compiled.
    var threshold = 50
    /// Number of calls of its machine code after which it is recompiled with optimization.
    var optimizeAfter: Int32 = 2000
    /// Whether code is compacted before any is evicted.
    var moves = false
  }

  struct Counts {
    var compilations = 0
    var optimizations = 0
    var evictions = 0
    var moves = 0
  }

  private unowned let machine: Machine
  private let options: Options
  private let memory: CodeMemory
  private let stubs: InterpreterStubs
  private var cache: CodeCache
  private let assembler = Assembler(capacity: 1 << 18)
  private let listeners: [any CodeListener]
  private var serial: UInt64 = 0
  private(set) var counts = Counts()

  /// Nil if there is no executable memory, or there are no templates for the processor.
  init?(_ machine: Machine, _ options: Options, listeners: [any CodeListener]) {
    #if !arch(x86_64)
      return nil
    #else
      guard let memory = CodeMemory(byteCount: options.cacheBytes),
        let stubs = InterpreterStubs(for: machine.functions)
      else { return nil }
      self.machine = machine
      self.options = options
      self.memory = memory
      self.stubs = stubs
      self.listeners = listeners
      cache = CodeCache(byteCount: options.cacheBytes)
      RuntimeEntries.install(in: machine.context)
      for function in machine.functions { unpublish(function) }
    #endif
  }

  var symbols: [CodeSymbol] { stubs.symbols }

  /// Called when a function is interpreted; returns its machine code if it is hot.
  func code(for function: Function) -> Entry? {
    // The main part runs once: its machine code would never be called.
    guard function.callCount >= options.threshold, function.index != 0 else { return nil }
    return compile(function)
  }

  /// Called when the current machine code has reached its number of calls.
  func tierUp(_ function: Function) {
    guard !function.isWorthOptimizing else { return }
    function.isWorthOptimizing = true
    _ = compile(function)
  }

  private func compile(_ function: Function) -> Entry? {
    freeRetired()
    Runtime.provider.emit(
      MethodJittingStarted(
        methodID: function.methodID,
        ilSize: UInt32(function.codeCount * MemoryLayout<Instruction>.stride),
        namespace: CodeAnnouncer.namespace, name: function.name, signature: function.signature))
    let counters = UnsafeMutablePointer<Int32>.allocate(capacity: 2)
    counters[MethodEmitter.Counter.activations] = 0
    counters[MethodEmitter.Counter.countdown] = options.optimizeAfter
    let emitter = MethodEmitter(
      function, isOptimizing: function.isWorthOptimizing, counters: counters, machine: machine,
      into: assembler)
    guard let offsets = emitter.emit(), let range = place(for: assembler.count) else {
      counters.deallocate()
      // Avoids a new attempt at every call.
      function.callCount = -100
      return nil
    }
    let code = assembler.finish()
    memory.write(code, at: range.lowerBound)
    let method = CompiledMethod(
      function, record(function, at: range.lowerBound, size: code.count, offsets), range: range,
      counters: counters)
    cache.insert(method)
    for listener in listeners { listener.codeBegins(method.record, code) }
    publish(method)
    return memory.entry(at: range.lowerBound)
  }

  private func record(
    _ function: Function, at offset: Int, size: Int, _ offsets: [UInt32]
  ) -> CodeRecord {
    counts.compilations += 1
    if function.isWorthOptimizing { counts.optimizations += 1 }
    function.versionCount += 1
    return CodeRecord(
      serial: nextSerial(), methodID: function.methodID, name: function.name,
      signature: function.signature, start: memory.address(of: offset), size: size,
      version: UInt64(function.versionCount - 1), isOptimized: function.isWorthOptimizing,
      placeOffsets: offsets, lines: function.lines)
  }

  private func nextSerial() -> UInt64 {
    serial += 1
    return serial
  }

  private func publish(_ method: CompiledMethod) {
    method.function.compiled?.isRetired = true
    method.function.compiled = method
    machine.entries[method.function.index] = memory.entry(at: method.range.lowerBound)
  }

  private func unpublish(_ function: Function) {
    function.compiled = nil
    machine.entries[function.index] = stubs.entry(for: function.index)
  }

  // MARK: Room

  private func place(for size: Int) -> Range<Int>? {
    let room = (size + CodeCache.alignment - 1) / CodeCache.alignment * CodeCache.alignment
    if let place = cache.place(for: room) { return place }
    if options.moves {
      compact()
      if let place = cache.place(for: room) { return place }
    }
    return cache.makePlace(for: room) { method in
      counts.evictions += 1
      end(method)
    }
  }

  /// Removes a method, and releases its range.
  private func end(_ method: CompiledMethod) {
    if method.function.compiled === method { unpublish(method.function) }
    for listener in listeners { listener.codeEnds(method.record) }
    memory.erase(method.range)
  }

  private func freeRetired() {
    cache.removeAll { method in
      guard method.isRetired, !method.isActive else { return false }
      end(method)
      return true
    }
  }

  private func compact() {
    cache.compact { method, offset in
      let old = method.record
      let isCurrent = method.function.compiled === method
      if isCurrent { unpublish(method.function) }
      memory.move(method.range, to: offset)
      method.range = offset..<offset + method.range.count
      method.record.start = memory.address(of: offset)
      method.record.serial = nextSerial()
      counts.moves += 1
      let bytes = memory.bytes(offset..<offset + old.size)
      for listener in listeners { listener.codeMoves(old, to: method.record, bytes) }
      if isCurrent { publish(method) }
    }
  }

  /// Called when the program has ended.
  func finish() {
    for method in cache.methods { end(method) }
    cache.removeAll { _ in true }
    for listener in listeners { listener.finish() }
  }
}
