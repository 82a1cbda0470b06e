import Synchronization
import TraceEvents
import TraceProvider

/// A function of one integer: interpreted at first, machine code once it is hot.
final class Method {
  enum Operation {
    case add(UInt32)
    case multiply(UInt32)
    case xor(UInt32)
  }

  /// Number of calls after which a method is compiled.
  static let hotCallCount = 1000

  let id: UInt64
  let name: String
  let body: [Operation]
  private var calls = 0
  private var code: MachineCode?

  init(id: UInt64, name: String, body: [Operation]) {
    self.id = id
    self.name = name
    self.body = body
  }

  func call(_ argument: UInt64, loading methods: LoadedMethods) -> UInt64 {
    if let code { return code(argument) }
    calls += 1
    if calls == Self.hotCallCount { compile(into: methods) }
    return interpret(argument)
  }

  func interpret(_ argument: UInt64) -> UInt64 {
    body.reduce(argument) { value, operation in
      switch operation {
      case .add(let operand): value &+ UInt64(operand)
      case .multiply(let operand): value &* UInt64(operand)
      case .xor(let operand): value ^ UInt64(operand)
      }
    }
  }

  private func compile(into methods: LoadedMethods) {
    Runtime.provider.emit(
      MethodJittingStarted(
        methodID: id, ilSize: UInt32(body.count), namespace: "Tiny", name: name,
        signature: Self.signature))
    guard let compiled = MachineCode(compiling: body) else { return }
    assert(compiled(~0) == interpret(~0))
    code = compiled
    methods.add(
      MethodLoad(
        methodID: id, startAddress: compiled.address, size: UInt32(compiled.byteCount),
        flags: .jitted, tier: .optimized, namespace: "Tiny", name: name,
        signature: Self.signature))
  }

  private static let signature = "uint64 (uint64)"
}

/// The compiled methods, for rundowns of sessions that start later.
final class LoadedMethods: Sendable {
  private let loads = Mutex<[MethodLoad]>([])

  func add(_ load: MethodLoad) {
    // With the lock held, so that no rundown between the two misses it.
    loads.withLock {
      $0.append(load)
      Runtime.provider.emit(load)
    }
  }

  var count: Int { loads.withLock { $0.count } }

  func rundown(to session: borrowing CaptureState) {
    let known = loads.withLock { $0 }
    for load in known { session.emit(load) }
  }

  func unloadAll() {
    let known = loads.withLock { loads in
      defer { loads = [] }
      return loads
    }
    for load in known {
      Runtime.provider.emit(
        MethodUnload(
          methodID: load.methodID, startAddress: load.startAddress, size: load.size,
          flags: load.flags, namespace: load.namespace, name: load.name,
          signature: load.signature))
    }
  }
}
