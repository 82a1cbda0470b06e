internal import OSStrings
internal import TraceEvents

/// Images, the kernel and the sources of compiled code, by number.
struct ModuleTable {
  private(set) var modules: [CodeModule] = []
  /// Of each module that is an image, which.
  private(set) var images: [ImageIdentity?] = []
  private var numbers: [ImageIdentity: UInt32] = [:]
  private var sources: [SymbolSource: UInt32] = [:]
  /// Numbers of images that were forgotten.
  private var free: [UInt32] = []

  subscript(number: UInt32) -> CodeModule { modules[Int(number)] }

  mutating func number(of image: ImageIdentity) -> UInt32 {
    // Whoever maps it: the same image.
    var key = image
    key.pid = 0
    if let known = numbers[key] {
      // Who maps it last is the likeliest to be there still when the file is looked for.
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

  /// Forgets the images that `isKept` does not want. Their numbers are given again.
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

  /// Modules that are known.
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
  /// Of a mapping as the kernel shows it.
  init(mapping: ImageMap, pid: UInt32) {
    let name = MappedName(shown: mapping.path)
    self.init(
      path: name.path, buildID: mapping.buildID, device: mapping.device, inode: mapping.inode,
      isDeleted: name.isDeleted, pid: pid)
  }

  /// Whether it is memory without a file of code behind it, where compiled code may lie: anonymous,
  /// shared in memory (as .NET maps its code twice), or the jitdump file itself, which is mapped
  /// for perf to notice.
  var isAnonymous: Bool {
    guard buildID.isEmpty else { return false }
    let kind = MappedName(path: path, isDeleted: isDeleted).kind
    return kind.mayHoldRuntimeCode || kind.isJitdump
  }
}
