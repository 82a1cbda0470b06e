internal import Glibc
internal import OSStrings

/// The kernel's functions by address, including those of modules and BPF programs.
///
/// Valid only for this boot of this machine, because the kernel's address changes with each boot.
public struct KernelSymbols: Sendable {
  /// The offsets in this table are addresses.
  public let table: SymbolTable
  public let warnings: [SymbolWarning]

  public static let path = "/proc/kallsyms"

  /// Reads the kernel's list. Cost: 20 ms to 100 ms, mostly in the kernel; 8 MB for 200,000
  /// symbols.
  public static func read(path: String = Self.path) throws(KernelSymbolProblem) -> KernelSymbols {
    let descriptor = OSPath.open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .unreadable(path: path, code: errno) }
    defer { close(descriptor) }
    var parser = KernelSymbolParser()
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while !parser.isFull {
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw .unreadable(path: path, code: errno) }
      if count == 0 { break }
      parser.feed(buffer[..<count])
    }
    return try parser.finish()
  }

  /// The raw name is `name`, or `name [module]`.
  public func lookup(_ address: UInt64) -> FunctionSymbol? { table.lookup(address) }

  /// The running kernel's build id.
  public static var buildID: BuildID? {
    guard let file = fopen("/sys/kernel/notes", "r") else { return nil }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    let count = fread(&bytes, 1, bytes.count, file)
    return BuildID.find(inNotes: Array(bytes[..<count]))
  }
}

/// The reason why the kernel's functions have no names.
public enum KernelSymbolProblem: Error, Hashable, Sendable {
  /// `code` is the errno.
  case unreadable(path: String, code: Int32)
  /// All addresses read as zero.
  case hidden
  /// No line is a function.
  case noSymbols
}

extension KernelSymbolProblem: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unreadable(let path, let code): "cannot read \(path): \(systemMessage(code))"
    case .hidden:
      "the kernel hides its addresses from this user; run as root, or set "
        + "kernel.kptr_restrict=0 and kernel.perf_event_paranoid=1 with sysctl"
    case .noSymbols: "the kernel lists no functions"
    }
  }
}
