import CTraceShims
import Glibc
import OSStrings
import TraceControl

/// Watches the runtime directories for sessions' sockets: by inotify or, if the user has no inotify
/// instance or watch left, by polling the directories' modification times.
///
/// - Cost: none with inotify while nothing changes; without it, one system call for each directory
///   every ``pollMilliseconds``.
///
/// Directories that belong to other users, or that others may write to, are treated as missing. A
/// program that is not being traced should not print errors; `tracectl doctor` reports what is
/// wrong.
final class RuntimeWatch {
  /// A socket, identified so that it differs from an earlier one of the same name.
  struct Found: Hashable {
    var place: Int
    var name: String
    var inode: UInt64
    var modifiedNanoseconds: Int
  }

  private struct Watched {
    var place: RendezvousPaths.Place
    var directory: RuntimeDirectory?
    var watch: Int32 = -1
    /// The watch on the directory's parent while the directory is missing.
    var parentWatch: Int32 = -1
    /// The directory's times when it was last polled.
    var polled: DirectoryTimes?

    /// Whether inotify reports changes here.
    var isWatched: Bool { directory == nil ? parentWatch >= 0 : watch >= 0 }
  }

  /// How often directories that inotify does not watch are polled.
  static let pollMilliseconds: Int32 = 500
  /// Number of polls between two attempts to get an inotify instance.
  private static let pollsPerRetry = 64

  /// -1 without inotify.
  private(set) var descriptor: Int32 = -1
  private var places: [Watched]
  private var polls = 0

  private static let childEvents = UInt32(IN_CREATE) | UInt32(IN_MOVED_TO)
  private static let selfEvents = UInt32(IN_DELETE_SELF) | UInt32(IN_MOVE_SELF)

  init(_ places: [RendezvousPaths.Place]) {
    self.places = places.map { Watched(place: $0) }
    descriptor = Self.makeDescriptor()
    for index in self.places.indices {
      enter(index, creating: self.places[index].place.kind == .user)
    }
  }

  deinit { close() }

  /// Closes the descriptors and stops watching.
  ///
  /// - Trap: call it before creating another watch. If the program has closed the descriptors, new
  ///   ones get the same numbers, and this watch would close them.
  func close() {
    for index in places.indices {
      if let open = places[index].directory { OpenDescriptors.forget(open.descriptor) }
      places[index].directory = nil
    }
    OpenDescriptors.close(descriptor)
    descriptor = -1
  }

  private static func makeDescriptor() -> Int32 {
    OpenDescriptors.opening {
      OpenDescriptors.take(inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC)))
    }
  }

  /// Names of the sockets of possible sessions; called before the thread runs.
  static func socketNames() -> [String] {
    var names: [String] = []
    OpenDescriptors.opening {
      RendezvousPaths.visitWatched { place in
        let directory = try? RuntimeDirectory.open(place.path, kind: place.kind, creating: false)
        directory?.visitSessionSocketNames { names.append($0) }
      }
    }
    return names
  }

  /// False once the program has closed one of the descriptors.
  var isIntact: Bool {
    (descriptor < 0 || OpenDescriptors.isIntact(descriptor))
      && places.allSatisfy { $0.directory?.isIntact ?? true }
  }

  /// Whether ``poll()`` must be called every ``pollMilliseconds``.
  var needsPolling: Bool { descriptor < 0 || places.contains { !$0.isWatched } }

  /// Polls the directories that inotify does not watch. True if the sockets should be read again.
  func poll() -> Bool {
    polls += 1
    if polls % Self.pollsPerRetry == 0 { watchAgain() }
    var isWorthIt = false
    for index in places.indices where !places[index].isWatched {
      if places[index].directory == nil { enter(index, creating: false) }
      guard let directory = places[index].directory else { continue }
      let now = DirectoryTimes(of: directory.descriptor)
      if now?.isRemoved ?? true {
        leave(index)
        isWorthIt = true
      } else if places[index].polled?.isSurely(now!) != true {
        places[index].polled = now
        isWorthIt = true
      }
    }
    return isWorthIt
  }

  private func watchAgain() {
    if descriptor < 0 { descriptor = Self.makeDescriptor() }
    for index in places.indices where !places[index].isWatched {
      if places[index].directory == nil { watchParent(index) } else { watch(index) }
    }
  }

  /// All sockets that exist now.
  func sockets() -> [Found] {
    places.indices.flatMap { index -> [Found] in
      guard let directory = places[index].directory else { return [] }
      return directory.sessionSocketNames().compactMap { name in
        var status = stat()
        guard
          OSPath.fstatat(directory.descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0,
          status.st_mode & S_IFMT == S_IFSOCK
        else { return nil }
        return Found(
          place: index, name: name, inode: UInt64(status.st_ino),
          modifiedNanoseconds: status.st_mtim.tv_sec &* 1_000_000_000 &+ status.st_mtim.tv_nsec)
      }
    }
  }

  func path(_ found: Found) -> String? { places[found.place].directory?.pathInside(found.name) }

  /// Reads inotify's events. True if the sockets should be read again.
  func takeEvents() -> Bool {
    var isWorthIt = false
    withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 8) { buffer in
      while true {
        let count = read(descriptor, buffer.baseAddress!, buffer.count)
        guard count > 0 else { return }
        var offset = 0
        let header = MemoryLayout<inotify_event>.size
        while offset + header <= count {
          let event = buffer.load(fromByteOffset: offset, as: inotify_event.self)
          let end = offset + header + Int(event.len)
          guard end <= count else { return }
          let bytes = UnsafeRawBufferPointer(
            rebasing: UnsafeRawBufferPointer(buffer)[(offset + header)..<end])
          let name = String(osBytes: bytes.prefix { $0 != 0 })
          if take(event, name) { isWorthIt = true }
          offset = end
        }
      }
    }
    return isWorthIt
  }

  private func take(_ event: inotify_event, _ name: String) -> Bool {
    if event.mask & UInt32(IN_Q_OVERFLOW) != 0 { return true }
    var isWorthIt = false
    for index in places.indices {
      if event.wd == places[index].watch {
        if event.mask & (Self.selfEvents | UInt32(IN_IGNORED)) != 0 {
          leave(index)
          enter(index, creating: false)
          isWorthIt = true
        } else if SessionSocketName.isOne(name) {
          isWorthIt = true
        }
      }
      if event.wd == places[index].parentWatch, places[index].place.path.hasSuffix("/\(name)") {
        enter(index, creating: false)
        isWorthIt = true
      }
    }
    return isWorthIt
  }

  private func enter(_ index: Int, creating: Bool) {
    let place = places[index].place
    guard places[index].directory == nil else { return }
    let directory = OpenDescriptors.opening {
      let directory = try? RuntimeDirectory.open(
        place.path, kind: place.kind, creating: creating, place: OpenDescriptors.place)
      if let directory { OpenDescriptors.list(directory.descriptor) }
      return directory
    }
    guard let directory else {
      watchParent(index)
      return
    }
    places[index].directory = directory
    watch(index)
    unwatchParent(index)
  }

  private func watch(_ index: Int) {
    guard let directory = places[index].directory else { return }
    places[index].watch = OSPath.inotify_add_watch(
      descriptor, directory.pathInside("."), Self.childEvents | Self.selfEvents)
  }

  private func leave(_ index: Int) {
    if places[index].watch >= 0 { inotify_rm_watch(descriptor, places[index].watch) }
    places[index].watch = -1
    places[index].polled = nil
    if let directory = places[index].directory { OpenDescriptors.forget(directory.descriptor) }
    places[index].directory = nil
  }

  private func watchParent(_ index: Int) {
    guard places[index].parentWatch < 0 else { return }
    let path = places[index].place.path
    guard let slash = path.lastIndex(of: "/") else { return }
    let parent = slash == path.startIndex ? "/" : String(path[..<slash])
    places[index].parentWatch = OSPath.inotify_add_watch(
      // A directory may get its mode only after its creation.
      descriptor, parent, Self.childEvents | UInt32(IN_ATTRIB) | UInt32(IN_ONLYDIR))
  }

  private func unwatchParent(_ index: Int) {
    let watch = places[index].parentWatch
    guard watch >= 0 else { return }
    places[index].parentWatch = -1
    // The two directories may have the same parent.
    if !places.contains(where: { $0.parentWatch == watch }) { inotify_rm_watch(descriptor, watch) }
  }
}

/// The time of the last change of a directory's entries.
private struct DirectoryTimes {
  private var modified_ns: Int
  private var read_ns: Int
  private var links: UInt64
  var isRemoved: Bool { links == 0 }

  /// The kernel's file clock has a coarse resolution: two changes within one step have equal times.
  private static let clockStep_ns = 50_000_000

  init?(of descriptor: Int32) {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { return nil }
    modified_ns = status.st_mtim.tv_sec &* 1_000_000_000 &+ status.st_mtim.tv_nsec
    links = UInt64(status.st_nlink)
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    read_ns = now.tv_sec &* 1_000_000_000 &+ now.tv_nsec
  }

  /// Whether the directory is certainly unchanged if its times are now `later`.
  func isSurely(_ later: DirectoryTimes) -> Bool {
    modified_ns == later.modified_ns && read_ns &- modified_ns > Self.clockStep_ns
  }
}
