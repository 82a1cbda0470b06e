internal import Glibc
internal import OSStrings

/// The user's secret, with which the files of a ``ViewCache`` are signed.
///
/// A cache file lies beside the trace, and may have come with it from elsewhere. Only what this
/// user wrote on this machine has the right code.
enum CacheKey {
  private static let fileName = "view.key"

  /// The directory of the secret: `$XDG_CACHE_HOME/tracectl` or `~/.cache/tracectl`; nil if the
  /// user has none.
  static var usualDirectory: String? {
    if let given = OSPath.getenv("XDG_CACHE_HOME"), given.hasPrefix("/") {
      return given + "/tracectl"
    }
    guard let home = OSPath.getenv("HOME"), home.hasPrefix("/") else { return nil }
    return home + "/.cache/tracectl"
  }

  /// Returns the secret, which is made if there is none; nil if it can be neither read nor made, or
  /// if others could have read or written it.
  ///
  /// - Guarantee: of several that make it at the same time, one succeeds, and all have its secret.
  static func key(in directory: String) -> [UInt8]? {
    let path = directory + "/" + fileName
    if let known = read(path) { return known }
    let parent = "/" + directory.split(separator: "/").dropLast().joined(separator: "/")
    for folder in [parent, directory] { _ = OSPath.mkdir(folder, 0o700) }
    make(path)
    return read(path)
  }

  /// Makes the secret. The file gets its name when it is complete: another process could otherwise
  /// find it empty, and a killed one leave it so.
  private static func make(_ path: String) {
    var generator = SystemRandomNumberGenerator()
    let draft = "\(path).\(UInt64.random(in: 0 ... .max, using: &generator))"
    let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
    let descriptor = OSPath.open(draft, flags, 0o600)
    guard descriptor >= 0 else { return }
    defer { _ = OSPath.unlink(draft) }
    let key = (0..<SipHash.bytes).map { _ in UInt8.random(in: 0...255, using: &generator) }
    let isWritten = write(descriptor, key, key.count) == key.count
    close(descriptor)
    if isWritten { _ = OSPath.link(draft, path) }
  }

  private static func read(_ path: String) -> [UInt8]? {
    let descriptor = OSPath.open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
      status.st_uid == geteuid(), status.st_mode & 0o077 == 0, status.st_size == SipHash.bytes
    else { return nil }
    var key = [UInt8](repeating: 0, count: SipHash.bytes)
    return Glibc.read(descriptor, &key, key.count) == key.count ? key : nil
  }
}
