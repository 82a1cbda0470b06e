import Glibc

/// Images mapped by this process, which are available on every machine.
enum SystemLibraries {
  /// Paths of mapped files, from `/proc/self/maps`.
  static let mapped: [String] = {
    guard let file = fopen("/proc/self/maps", "r") else { return [] }
    defer { fclose(file) }
    var paths: [String] = []
    var line: UnsafeMutablePointer<CChar>?
    var capacity = 0
    while getline(&line, &capacity, file) > 0 {
      let text = String(cString: line!).dropLast()
      guard let slash = text.firstIndex(of: "/") else { continue }
      let path = String(text[slash...])
      if !paths.contains(path), path.contains(".so") { paths.append(path) }
    }
    free(line)
    return paths
  }()

  static func path(_ name: String) -> String? {
    mapped.first { $0.split(separator: "/").last?.hasPrefix(name) == true }
  }

  /// From different toolchains: the C library, stripped; Swift's and C++'s.
  static let some = ["libc.so", "libswiftCore.so", "libstdc++.so"].compactMap(path)
}
