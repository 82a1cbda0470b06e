internal import TraceAnalysis

/// The interned stacks of a Perfetto trace: each part is added when it is met first.
struct PerfettoStacks {
  /// InternedData with what was added since it was last cleared.
  var added = ProtobufMessage()
  private let profile: StackProfile
  private let paths: StackPaths
  private var isStackKnown: [Bool]
  private var isFrameKnown: [Bool]
  private var isModuleKnown: [Bool]
  private var sourceNumbers: [String: UInt64] = [:]
  private var stringCount: UInt64 = 0
  private var path: [UInt32] = []
  /// Message that is being built.
  private var stack = ProtobufMessage()

  init(_ profile: StackProfile) {
    self.profile = profile
    paths = StackPaths(profile.stacks)
    isStackKnown = [Bool](repeating: false, count: profile.stacks.calls.tree.count)
    isFrameKnown = [Bool](repeating: false, count: profile.stacks.frames.count)
    isModuleKnown = [Bool](repeating: false, count: profile.modules.count + 1)
  }

  /// Returns the number of a node's stack; 0 if it has no frames.
  mutating func number(of node: UInt32) -> UInt64 {
    if isStackKnown[Int(node)] { return UInt64(node) }
    paths.write(node, to: &path)
    if path.isEmpty { return 0 }
    isStackKnown[Int(node)] = true
    for frame in path where !isFrameKnown[Int(frame)] { add(frame) }
    stack.clear()
    stack.field(1, UInt64(node))
    stack.field(2, each: path.lazy.reversed().map { UInt64($0) + 1 })
    added.field(7, stack)
    return UInt64(node)
  }

  private mutating func intern(_ field: UInt64, bytes: [UInt8]) -> UInt64 {
    stringCount += 1
    var string = ProtobufMessage()
    string.field(1, stringCount)
    string.field(2, bytes: bytes)
    added.field(field, string)
    return stringCount
  }

  private mutating func add(_ index: UInt32) {
    isFrameKnown[Int(index)] = true
    let origin = profile.origins[Int(index)]
    let module = origin.module ?? profile.modules.count
    if !isModuleKnown[module] { add(module: module) }
    let name = profile.stacks.frames.frames[Int(index)].exportedName
    var frame = ProtobufMessage()
    frame.field(1, UInt64(index) + 1)
    frame.field(2, intern(5, bytes: Array(exported(name).utf8)))
    frame.field(3, UInt64(module) + 1)
    frame.field(4, origin.address)
    if !origin.file.isEmpty {
      let known = sourceNumbers[origin.file]
      let source = known ?? intern(18, bytes: Array(exported(origin.file).utf8))
      sourceNumbers[origin.file] = source
      frame.field(5, source)
      if origin.line > 0 { frame.field(6, UInt64(origin.line)) }
    }
    added.field(6, frame)
  }

  private mutating func add(module number: Int) {
    isModuleKnown[number] = true
    var mapping = ProtobufMessage()
    mapping.field(1, UInt64(number) + 1)
    guard number < profile.modules.count else {
      mapping.field(7, intern(17, bytes: Array("[unknown]".utf8)))
      added.field(19, mapping)
      return
    }
    let module = profile.modules[number]
    if !module.buildID.isEmpty { mapping.field(2, intern(16, bytes: module.buildID)) }
    mapping.field(5, UInt64(Int64.max))
    let path =
      module.source == .kernel
      ? "[kernel.kallsyms]" : module.source == .image ? module.path : "[jit]"
    for part in exported(path).split(separator: "/") {
      mapping.field(7, intern(17, bytes: Array(part.utf8)))
    }
    added.field(19, mapping)
  }
}
