internal import Glibc
internal import OSStrings

/// A source file named in a trace, read only if it is one that the user may see in this way.
///
/// The name comes from the trace, and so from anybody. A trace could name a file with secrets,
/// which the page would then show, or a device.
///
/// - Guarantee: only regular files are read whose name, after symbolic links, has an ending of
///   source code, and which belong to the user or which everybody may read; of at most ``bytesMax``
///   bytes. No file of `/proc`, `/sys`, `/dev` or `/etc` is read.
struct SourceFile {
  /// Maximum size of a file. Larger ones are hardly written by people.
  static let bytesMax = 8 << 20

  /// The file's lines without their ends.
  let lines: [Substring]
  /// Where it was found.
  let path: String
  /// Time of the last change in nanoseconds since 1970.
  let changed_ns: Int64

  /// Reads the file that a trace names, or one of the same name below the directories.
  ///
  /// - Throws: a sentence that says why there is none.
  init(_ name: String, below directories: [String]) throws(Refusal) {
    guard Self.isSource(name) else {
      throw Refusal(404, "The name is not one of a source file: \(name.cut(bytes: 300))")
    }
    var candidates = name.hasPrefix("/") ? [name] : []
    for directory in directories {
      candidates.append(directory + "/" + name)
      if let last = name.split(separator: "/").last { candidates.append("\(directory)/\(last)") }
    }
    for candidate in candidates {
      if let found = Self(path: candidate) {
        self = found
        return
      }
    }
    throw Refusal(
      404,
      "The source is not here, or not the user's: \(name.cut(bytes: 300)); -symbol-path names more "
        + "places.")
  }

  private init?(path: String) {
    guard let real = OSPath.realpath(path), Self.isSource(real), !Self.isOfSystem(real) else {
      return nil
    }
    // Whoever can replace the file by a link meanwhile could also have written into it.
    let descriptor = OSPath.open(real, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
      status.st_uid == geteuid() || status.st_mode & S_IROTH != 0,
      status.st_size <= Self.bytesMax, let bytes = Self.bytes(descriptor),
      !bytes.prefix(4096).contains(0)
    else { return nil }
    lines = String(decoding: bytes, as: UTF8.self)
      .split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
    self.path = real
    changed_ns = Int64(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_mtim.tv_nsec)
  }

  private static func bytes(_ descriptor: Int32) -> [UInt8]? {
    var hasFailed = false
    let bytes = [UInt8](unsafeUninitializedCapacity: bytesMax) { buffer, count in
      while count < buffer.count {
        let part = read(descriptor, buffer.baseAddress.map { $0 + count }, buffer.count - count)
        if part < 0, errno == EINTR { continue }
        hasFailed = part < 0
        guard part > 0 else { return }
        count += part
      }
    }
    return hasFailed ? nil : bytes
  }

  /// Whether a name is absolute or below a directory, without steps upwards, and has an ending of
  /// source code.
  static func isSource(_ name: String) -> Bool {
    guard !name.isEmpty, name.utf8.count <= 4096, name.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f })
    else { return false }
    let parts = name.split(separator: "/")
    guard let last = parts.last, !parts.contains(".."), let dot = last.lastIndex(of: "."),
      dot > last.startIndex
    else { return false }
    return endings.contains(String(last[last.index(after: dot)...]))
  }

  private static func isOfSystem(_ path: String) -> Bool {
    ["/proc/", "/sys/", "/dev/", "/etc/"].contains { path.hasPrefix($0) }
  }

  private static let endings: Set<String> = [
    "c", "h", "cc", "hh", "cpp", "hpp", "cxx", "hxx", "c++", "h++", "inc", "inl", "ipp", "tcc",
    "S", "s", "asm", "m", "mm", "swift", "rs", "go", "zig", "d", "nim", "v", "odin", "java", "kt",
    "kts", "scala", "groovy", "clj", "cs", "fs", "vb", "cshtml", "razor", "py", "pyx", "pyi", "rb",
    "php", "pl", "pm", "lua", "js", "mjs", "cjs", "ts", "mts", "cts", "tsx", "jsx", "vue", "svelte",
    "hs", "ml", "mli", "erl", "ex", "exs", "dart", "jl", "R", "r", "f", "for", "f90", "f95", "f03",
    "pas", "adb", "ads", "cu", "cuh", "cl", "metal", "glsl", "hlsl", "l", "y", "rl",
  ]
}
