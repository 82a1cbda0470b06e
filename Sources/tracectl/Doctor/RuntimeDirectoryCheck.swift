import Glibc

/// Where sessions and programs meet: `$TRACE_RUNTIME_DIR`, else `$XDG_RUNTIME_DIR/tracectl`, else
/// `/tmp/tracectl-UID`; owned by the user, mode 0700, no symbolic link.
struct RuntimeDirectoryCheck {
  var path: String
  var variable: String?
  var user: UInt32

  init(environment: (String) -> String?, user: UInt32) {
    self.user = user
    if let path = environment("TRACE_RUNTIME_DIR"), !path.isEmpty {
      self.path = path
      variable = "TRACE_RUNTIME_DIR"
    } else if let path = environment("XDG_RUNTIME_DIR"), !path.isEmpty {
      self.path = path + "/tracectl"
      variable = "XDG_RUNTIME_DIR"
    } else {
      path = "/tmp/tracectl-\(user)"
    }
  }

  func run() -> [Finding] {
    var status = stat()
    guard lstat(path, &status) == 0 else {
      return [errno == ENOENT ? missing() : Finding(.fail, Self.subject, reason(errno))]
    }
    return [found(mode: status.st_mode, owner: status.st_uid), sessions()]
  }

  private static let subject = "runtime directory"

  private func reason(_ code: CInt) -> String { "\(path): \(String(cString: strerror(code)))" }

  private var otherPlace: String {
    variable == nil
      ? "set TRACE_RUNTIME_DIR to a directory of yours" : "change or unset \(variable!)"
  }

  private func missing() -> Finding {
    let parent = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    if access(parent.isEmpty ? "/" : parent, W_OK) == 0 {
      return Finding(.ok, Self.subject, "\(path): the first session will make it")
    }
    return Finding(
      .fail, Self.subject, "\(path) is not there and cannot be made: \(reason(errno))",
      advice: otherPlace)
  }

  func found(mode: UInt32, owner: UInt32) -> Finding {
    if mode & S_IFMT == S_IFLNK {
      return Finding(
        .fail, Self.subject, "\(path) is a symbolic link, which is refused",
        advice: "remove it, or \(otherPlace)")
    }
    if mode & S_IFMT != S_IFDIR {
      return Finding(
        .fail, Self.subject, "\(path) is not a directory", advice: "remove it, or \(otherPlace)")
    }
    if owner != user {
      return Finding(
        .fail, Self.subject, "\(path) belongs to user \(owner), not to you (\(user))",
        advice: "\(otherPlace), or have it removed")
    }
    if mode & 0o077 != 0 {
      let octal = String(mode & 0o777, radix: 8)
      return Finding(
        .fail, Self.subject, "\(path) is open to others (mode 0\(octal))",
        advice: "chmod 700 \(path)")
    }
    return Finding(.ok, Self.subject, "\(path), yours alone")
  }

  private func sessions() -> Finding {
    guard let directory = opendir(path) else {
      return Finding(.fail, "sessions", reason(errno))
    }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory), names.count < 64 {
      guard entry.pointee.d_type == UInt8(DT_SOCK) else { continue }
      names.append(
        withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
          String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        })
    }
    let list = names.isEmpty ? "none running" : names.sorted().joined(separator: ", ")
    return Finding(.ok, "sessions", list)
  }
}
