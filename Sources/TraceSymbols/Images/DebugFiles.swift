internal import Glibc
internal import OSStrings

/// Finds an image's file and the debug information split off from it.
///
/// A file is used only if it certainly belongs to the image: its build id is the image's or, if the
/// image has none, its checksum is the one that the image names.
public struct DebugFiles: Hashable, Sendable {
  /// The directories that paths are relative to, in order of preference: "" is this machine;
  /// processes of a container see their files under `/proc/PID/root`.
  public var roots: [String]
  /// The directories under each root in which distributions install debug files.
  public var debugDirectories = ["/usr/lib/debug"]
  /// Local cache directories, organized by build id.
  public var cacheDirectories: [String]
  /// The rights with which files are opened. Caches are opened with the caller's rights.
  public var access: FileAccess

  /// User-specified directories of debug files and images, searched first: by build id
  /// (`.build-id/ab/cdef.debug`, `ab/cdef.debug`, `abcdef/debuginfo`, `abcdef.debug`), or flat, by
  /// name.
  public var symbolDirectories: [String]
  /// The servers queried last, for files that are not on this machine. Nil: nothing is downloaded.
  public var servers: Debuginfod?

  public init(
    roots: [String] = [""], symbolDirectories: [String] = [], access: FileAccess = .own
  ) {
    self.roots = roots
    self.symbolDirectories = symbolDirectories
    self.access = access
    cacheDirectories = Self.debugInfoCaches
  }

  /// The cache directories of debuginfod's client.
  static let debugInfoCaches: [String] = {
    func variable(_ name: String) -> String? {
      OSPath.getenv(name).flatMap { $0.isEmpty ? nil : $0 }
    }
    let home = variable("HOME")
    return [
      variable("DEBUGINFOD_CACHE_PATH"),
      variable("XDG_CACHE_HOME").map { $0 + "/debuginfod_client" },
      home.map { $0 + "/.cache/debuginfod_client" },
      home.map { $0 + "/.debuginfod_client_cache" },
    ].compactMap { $0 }
  }()

  /// The image: at its path under the first root that has it, or in any directory of files by build
  /// id. Throws the most specific of the problems found.
  func image(
    path: String, expected: BuildID?
  ) throws(ImageProblem) -> (file: ELFFile, path: String) {
    var problem = ImageProblem.notFound(path: path)
    for root in roots {
      let candidate = root + path
      do throws(ImageProblem) {
        let file = try ELFFile(path: candidate, access: access)
        if let expected, !file.isImage(of: expected) {
          problem = .buildIDDiffers(path: candidate, expected: expected, found: file.buildID)
          continue
        }
        return (file, candidate)
      } catch {
        if case .notFound = error { continue }
        problem = error
      }
    }
    let own = path.suffix(from: path.lastIndex(of: "/") ?? path.startIndex)
    let flat = symbolDirectories.map { ($0 + own, FileAccess.own) }
    let kept = expected.flatMap {
      first(of: flat + imagePaths(of: $0), with: $0) { !$0.isEmptyImage }
    }
    if let kept { return kept }
    guard let expected, let fetched = servers?.file(.executable, of: expected) else {
      throw problem
    }
    return fetched
  }

  /// The debug file of an open image.
  func debugFile(of image: ELFFile, path: String) -> (file: ELFFile, path: String)? {
    if let id = image.buildID, let found = localDebugFile(of: id) { return found }
    return linkedDebugFile(of: image, path: path)
      ?? image.buildID.flatMap { servers?.file(.debuginfo, of: $0) }
  }

  /// The debug file with this build id.
  func debugFile(of id: BuildID) -> (file: ELFFile, path: String)? {
    localDebugFile(of: id) ?? servers?.file(.debuginfo, of: id)
  }

  private func localDebugFile(of id: BuildID) -> (file: ELFFile, path: String)? {
    first(of: debugPaths(of: id), with: id)
  }

  /// A possible path of a file, and the rights with which to open it.
  private typealias Candidate = (path: String, access: FileAccess)

  private func first(
    of candidates: [Candidate], with id: BuildID, where isWanted: (ELFFile) -> Bool = { _ in true }
  ) -> (file: ELFFile, path: String)? {
    for (path, access) in candidates {
      if let file = try? ELFFile(path: path, access: access), file.isImage(of: id), isWanted(file) {
        return (file, path)
      }
    }
    return nil
  }

  private func debugPaths(of id: BuildID) -> [Candidate] {
    let (name, parts) = ("/.build-id/", id.directoryAndName + ".debug")
    return named([name + parts, "/" + parts, "/\(id)/debuginfo", "/\(id).debug"])
      + installed(name + parts)
      + cacheDirectories.map { ($0 + "/\(id)/debuginfo", .own) }
  }

  private func imagePaths(of id: BuildID) -> [Candidate] {
    let (name, parts) = ("/.build-id/", id.directoryAndName)
    return named([name + parts, "/" + parts, "/\(id)/executable", "/\(id)"])
      + installed(name + parts)
      + cacheDirectories.map { ($0 + "/\(id)/executable", .own) }
  }

  private func named(_ names: [String]) -> [Candidate] {
    symbolDirectories.flatMap { directory in names.map { (directory + $0, .own) } }
  }

  private func installed(_ name: String) -> [Candidate] {
    roots.flatMap { root in debugDirectories.map { (root + $0 + name, access.forUnmapped) } }
  }

  /// By the name in the image, next to the image or under a debug directory.
  private func linkedDebugFile(of image: ELFFile, path: String) -> (file: ELFFile, path: String)? {
    let root = roots.first { !$0.isEmpty && path.hasPrefix($0) } ?? ""
    let directory = path.prefix(upTo: path.lastIndex(of: "/") ?? path.startIndex)
    let inside = directory.dropFirst(root.count)
    let id = image.buildID
    let link = DebugLink(image)
    var candidates: [String] = []
    if let link {
      candidates = ["\(directory)/\(link.name)", "\(directory)/.debug/\(link.name)"]
      candidates += debugDirectories.map { "\(root)\($0)\(inside)/\(link.name)" }
    }
    let own = path.dropFirst(directory.count)
    candidates += debugDirectories.map { "\(root)\($0)\(inside)\(own).debug" }
    let flat = flatNames(own, link)
    for candidate in flat + candidates where candidate != path {
      let isFlat = flat.contains(candidate)
      guard
        let file = try? ELFFile(path: candidate, access: isFlat ? .own : access.forUnmapped),
        file.hasSymbolTable || file.hasLines || !isFlat
      else { continue }
      if let id, let other = file.buildID {
        if id.matches(other) { return (file, candidate) }
      } else if let link, CRC32.checksum(of: file.source) == link.checksum {
        return (file, candidate)
      }
    }
    return nil
  }
}

extension DebugFiles {
  /// Possible paths of a debug file in user-specified directories.
  private func flatNames(_ own: Substring, _ link: DebugLink?) -> [String] {
    symbolDirectories.flatMap { directory in
      ["\(directory)\(own).debug", "\(directory)\(own)"]
        + (link.map { ["\(directory)/\($0.name)"] } ?? [])
    }
  }
}

extension ELFFile {
  /// Whether the file is a debug file, which has the image's headers but none of its code.
  fileprivate var isEmptyImage: Bool {
    let code = sections.filter { $0.isExecutable }
    return !code.isEmpty && code.allSatisfy { $0.kind == ELFSection.Kind.noContents }
  }
}

extension BuildID {
  /// The form in debug directories: the first byte is a directory.
  var directoryAndName: String {
    let digits = description
    return digits.prefix(2) + "/" + digits.dropFirst(2)
  }
}
