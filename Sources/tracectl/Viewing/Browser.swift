import Glibc
import OSStrings

/// Opens an address in the user's browser.
///
/// The browser gets the name of a file that only the user can read, because everybody can read the
/// arguments of a program, and the address has a secret.
struct Browser {
  private let path: String

  /// Starts the browser. Returns nil if there is no screen, or no browser was found.
  static func open(_ address: String, _ mask: sigset_t) -> Browser? {
    guard OSPath.getenv("DISPLAY") != nil || OSPath.getenv("WAYLAND_DISPLAY") != nil,
      let browser = Browser(address)
    else { return nil }
    for program in ["xdg-open", "x-www-browser", "firefox", "chromium"] {
      if start(program, browser.path, mask) { return browser }
    }
    browser.remove()
    return nil
  }

  /// Removes the file.
  func remove() { _ = OSPath.unlink(path) }

  private init?(_ address: String) {
    let directory = OSPath.getenv("XDG_RUNTIME_DIR") ?? "/tmp"
    path = "\(directory)/tracectl-view-\(getpid())-\(UInt32.random(in: 1 ... .max)).html"
    let file = OSPath.open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard file >= 0 else { return nil }
    defer { close(file) }
    let text = Array(
      "<!doctype html><meta http-equiv=\"refresh\" content=\"0;url=\(address)\">\n".utf8)
    guard write(file, text, text.count) == text.count else { return nil }
  }

  private static func start(_ program: String, _ path: String, _ mask: sigset_t) -> Bool {
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var mask = mask
    posix_spawnattr_setsigmask(&attributes, &mask)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    let words = [program, path].map { $0.withOSString { strdup($0) } } + [nil]
    defer { for word in words { free(word) } }
    var child = pid_t()
    return posix_spawnp(&child, program, nil, &attributes, words, environ) == 0
  }
}
