/// The name that the kernel shows for a mapping, in /proc/PID/maps and in its records of mappings,
/// and what it says about the memory.
///
/// The package answers "what kind of mapping is this?" here and nowhere else.
package struct MappedName: Hashable, Sendable {
  /// What a mapping shows.
  package enum Kind: Hashable, Sendable {
    /// A file with a path: an image, or something else.
    case file
    /// A file that exists only in memory (memfd_create): a runtime's memory for code, or a program
    /// that was started from there. It can be opened through a process that has it.
    case memoryFile
    /// Memory without a file: private or shared, in huge pages or not. Code made at run time lies
    /// in such memory.
    case anonymous
    /// A file that announces code made at run time, which its writer maps so that tracers notice.
    /// The number is the writer's pid in its own pid namespace.
    case jitdump(writer: UInt32)
    /// The image that the kernel maps into every process.
    case vdso
    /// The kernel's page of obsolete system calls.
    case vsyscall
    /// A device, a queue, or a file whose name the kernel could not tell: neither an image that
    /// can be read nor memory for code.
    case other

    /// Whether code made at run time may lie there.
    package var mayHoldRuntimeCode: Bool { self == .anonymous || self == .memoryFile }

    /// Whether it is a jitdump.
    package var isJitdump: Bool { if case .jitdump = self { true } else { false } }
  }

  /// The path without the kernel's mark for a deleted file.
  package let path: String
  /// The file has no name any more. Another file may have its path.
  package let isDeleted: Bool

  private static let deletedMark = " (deleted)"
  /// A longer path cannot be opened.
  private static let pathBytesMax = 4096

  package init(path: String, isDeleted: Bool) {
    self.path = path
    self.isDeleted = isDeleted
  }

  /// Of the text as the kernel shows it.
  package init(shown: String) {
    isDeleted = shown.hasSuffix(Self.deletedMark)
    path = isDeleted ? String(shown.dropLast(Self.deletedMark.count)) : shown
  }

  /// The text as the kernel shows it.
  package var shown: String { isDeleted ? path + Self.deletedMark : path }

  /// What the mapping shows.
  package var kind: Kind {
    switch path.utf8.first {
    case nil: .anonymous
    case UInt8(ascii: "["): bracketKind
    case UInt8(ascii: "/"): pathKind
    default: otherKind
    }
  }

  private var bracketKind: Kind {
    switch path {
    case "[vdso]": .vdso
    case "[vsyscall]": .vsyscall
    default: .anonymous
    }
  }

  private var otherKind: Kind {
    if path.hasPrefix("memfd:") { return .memoryFile }
    if path.hasPrefix("anon_inode:") { return .anonymous }
    return jitdumpWriter.map { .jitdump(writer: $0) } ?? .other
  }

  private static let anonymousPrefixes = ["/SYSV", "/anon_hugepage"]
  /// `//toolong` and `//enomem` stand for names that did not fit; `/[aio]` is the kernel's.
  private static let otherPrefixes = ["//", "/dev/", "/["]

  private var pathKind: Kind {
    if path == "//anon" || path == "/dev/zero" { return .anonymous }
    if Self.anonymousPrefixes.contains(where: path.hasPrefix) { return .anonymous }
    if path.hasPrefix("/memfd:") { return .memoryFile }
    if let writer = jitdumpWriter { return .jitdump(writer: writer) }
    return Self.otherPrefixes.contains(where: path.hasPrefix) ? .other : .file
  }

  /// The number in `…/jit-PID.dump`.
  private var jitdumpWriter: UInt32? {
    guard path.hasSuffix(".dump"), path.utf8.count <= Self.pathBytesMax,
      let name = path.split(separator: "/").last, name.hasPrefix("jit-")
    else { return nil }
    let digits = name.dropFirst("jit-".count).dropLast(".dump".count)
    guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
      return nil
    }
    return UInt32(digits)
  }
}
