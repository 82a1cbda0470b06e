import Foundation

/// Large images from different toolchains, if this machine has them.
enum LargeImages {
  static let some: [String] = {
    let node = Tool.path(of: "node").map { [$0] } ?? []
    var seen: Set<String> = []
    return (SystemLibraries.some + virtualMachines + python + node + [own])
      .map { URL(filePath: $0).resolvingSymlinksInPath().path }
      .filter { FileManager.default.fileExists(atPath: $0) && seen.insert($0).inserted }
  }()

  /// Without stripped images with `.gnu_debugdata`, which binutils do not read. The program is
  /// always included.
  static let readByBinutils = some.filter { path in
    path == own || Tool.output("readelf", "-SW", path)?.contains(".gnu_debugdata") == false
  }

  private static var virtualMachines: [String] {
    let directory = "/usr/lib/jvm/"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
    return names.sorted().map { directory + $0 + "/lib/server/libjvm.so" }
  }

  /// The program, and the library that contains it in some builds.
  private static var python: [String] {
    let script = """
      import os, sys, sysconfig
      directory, name = map(sysconfig.get_config_var, ("LIBDIR", "INSTSONAME"))
      print(os.path.realpath(sys.executable), os.path.join(directory, name), sep="\\n")
      """
    guard Tool.path(of: "python3") != nil else { return [] }
    let paths = Tool.output("python3", "-c", script)?.split(separator: "\n").map(String.init)
    return paths?.filter { !$0.hasSuffix(".a") } ?? []
  }

  /// Swift's libraries, next to the test bundle.
  private static var own: String {
    URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent().path
      + "/tracectl"
  }
}
