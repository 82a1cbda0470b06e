internal import OSStrings
internal import TraceEvents

/// Numbered modules: images, the kernel and the sources of compiled code.
struct ModuleTable {
  private(set) var modules: [CodeModule] = []
  /// Image of each module; nil if it is not an image.
  private(set) var images: [ImageIdentity?] = []
  private var numbers: [ImageIdentity: UInt32] = [:]
  private var sources: [SymbolSource: UInt32] = [:]
  /// Numbers of forgotten images.
  private var free: [UInt32] = []

  subscript(number: UInt32) -> CodeModule { modules[Int(number)] }

  mutating func number(of image: ImageIdentity) -> UInt32 {
    // An image is the same regardless of the process that maps it.
    var key = image
    key.pid = 0
    if let known = numbers[key] {
      // The latest process to map it is the likeliest to exist when the file is searched for.
      images[Int(known)] = image
      return known
    }
    let number = add(
      CodeModule(path: image.path, buildID: image.buildID, source: .image), image)
    numbers[key] = number
    return number
  }

  mutating func number(of source: SymbolSource) -> UInt32 {
    if let known = sources[source] { return known }
    let number = add(
      CodeModule(path: source == .kernel ? "[kernel]" : CodeModule.compiledPath, source: source),
      nil)
    sources[source] = number
    return number
  }

  /// Forgets the images for which `isKept` returns false. Their numbers are reused.
  mutating func forget(keeping isKept: (UInt32) -> Bool) {
    free = []
    for (image, number) in numbers where !isKept(number) {
      numbers[image] = nil
      images[Int(number)] = nil
      modules[Int(number)].path = ""
    }
    let used = Set(numbers.values).union(sources.values)
    free = modules.indices.map(UInt32.init).filter { !used.contains($0) }
  }

  /// Number of known modules.
  var countInUse: Int { modules.count - free.count }

  private mutating func add(_ module: CodeModule, _ image: ImageIdentity?) -> UInt32 {
    if let number = free.popLast() {
      modules[Int(number)] = module
      images[Int(number)] = image
      return number
    }
    modules.append(module)
    images.append(image)
    return UInt32(modules.count - 1)
  }
}

extension ImageIdentity {
  /// Creates the identity of a mapping reported by the kernel.
  init(mapping: ImageMap, pid: UInt32) {
    let name = MappedName(shown: mapping.path)
    self.init(
      path: name.path, buildID: mapping.buildID, device: mapping.device, inode: mapping.inode,
      isDeleted: name.isDeleted, pid: pid)
  }

  /// Whether the mapping has no code file behind it and may contain compiled code: anonymous
  /// memory, shared memory (.NET maps its code twice), or the jitdump file itself, which is mapped
  /// so that perf notices it.
  var isAnonymous: Bool {
    guard buildID.isEmpty else { return false }
    let kind = MappedName(path: path, isDeleted: isDeleted).kind
    return kind.mayHoldRuntimeCode || kind.isJitdump
  }
}
