import Glibc
import Synchronization
import TraceAnalysis
import TraceEvents
import TraceSymbols

/// The files of the images that sampled processes map: their build ids where the kernel does not
/// tell, and some held open, so that their symbols can be read when the name or the process has
/// gone.
///
/// - Guarantee: a file counts only when it is the one that is mapped, by its inode or its build id.
///   At most ``imagesMax`` are remembered and ``heldMax`` held open.
/// - Cost: an image is opened when it is met first; after that a look-up.
final class ImageFiles: Sendable {
  static let imagesMax = 16_384
  static let heldMax = 192

  /// A mapping's file, as the kernel tells of it: by build id, or by device and inode.
  struct Mapping {
    var pid: UInt32
    var start: UInt64
    var end: UInt64
    var path: String
    var buildID: [UInt8] = []
    var device: UInt64
    var inode: UInt64
    var isDeleted = false
  }

  private enum Key: Hashable {
    case inode(device: UInt64, inode: UInt64)
    case buildID([UInt8])
  }

  private struct Known {
    var buildID: [UInt8]
    /// -1 when it is not held.
    var descriptor: Int32
    /// With what it could not be opened; another process may have more rights.
    var refused: FileAccess?
  }

  private struct State {
    var images: [Key: Known] = [:]
    var heldCount = 0
  }

  private let state = Mutex(State())
  private let heldMax: Int

  init(heldMax: Int = ImageFiles.heldMax) { self.heldMax = heldMax }

  deinit {
    state.withLock { state in
      for image in state.images.values where image.descriptor >= 0 { close(image.descriptor) }
    }
  }

  /// The image's build id; empty when it has none, or its file cannot be had.
  ///
  /// - Parameter isRundown: it was mapped before; such ones leave half of the room to others, of
  ///   which many end soon.
  func buildID(of mapping: Mapping, isRundown: Bool) -> [UInt8] {
    guard let key = Self.key(mapping.buildID, mapping.device, mapping.inode),
      mapping.path.first == "/", !mapping.path.hasPrefix("/memfd:")
    else { return mapping.buildID }
    return state.withLock { state in
      let known = state.images[key]
      if let known, known.refused == nil { return known.buildID }
      let access = FileAccess.of(processID: mapping.pid)
      if let known, known.refused == access { return known.buildID }
      var image = Known(buildID: mapping.buildID, descriptor: -1, refused: access)
      if let descriptor = Self.open(mapping, access) {
        image.refused = nil
        let file = try? ELFFile(path: Self.path(descriptor))
        let read = file?.buildID
        if mapping.buildID.isEmpty { image.buildID = read?.bytes ?? [] }
        let isRight = BuildID(mapping.buildID).map { read?.matches($0) == true } ?? (file != nil)
        if isRight, state.heldCount < (isRundown ? heldMax / 2 : heldMax) {
          image.descriptor = descriptor
          state.heldCount += 1
        } else {
          close(descriptor)
        }
      }
      if state.images.count >= Self.imagesMax {
        state.images = state.images.filter { $0.value.descriptor >= 0 }
      }
      state.images[key] = image
      return image.buildID
    }
  }

  /// Where the very file of an image can be read, if it is held.
  func location(of image: ImageIdentity) -> String? {
    state.withLock { state in
      for key in [
        image.inode == 0 ? nil : Key.inode(device: image.device, inode: image.inode),
        image.buildID.isEmpty ? nil : Key.buildID(image.buildID),
      ] {
        if let key, let known = state.images[key], known.descriptor >= 0 {
          return Self.path(known.descriptor)
        }
      }
      return nil
    }
  }

  private static func key(_ buildID: [UInt8], _ device: UInt64, _ inode: UInt64) -> Key? {
    if inode != 0 { return .inode(device: device, inode: inode) }
    return buildID.isEmpty ? nil : .buildID(buildID)
  }

  private static func path(_ descriptor: Int32) -> String { "/proc/self/fd/\(descriptor)" }

  // MARK: Opening

  /// By the mapping itself where that is permitted, else by name: as the process sees it, then as
  /// this one does.
  private static func open(_ mapping: Mapping, _ access: FileAccess) -> Int32? {
    let range = String(mapping.start, radix: 16) + "-" + String(mapping.end, radix: 16)
    let exact = "/proc/\(mapping.pid)/map_files/\(range)"
    if let exact = openFile(exact, access, mapping) { return exact }
    guard !mapping.isDeleted else { return nil }
    for root in ["/proc/\(mapping.pid)/root", ""] {
      if let found = openFile(root + mapping.path, access, mapping) { return found }
    }
    return nil
  }

  private static func openFile(_ path: String, _ access: FileAccess, _ mapping: Mapping) -> Int32? {
    let descriptor = ForeignFile.open(path, as: access)
    guard descriptor >= 0 else { return nil }
    var status = stat()
    // Without an inode, the build id is compared.
    guard fstat(descriptor, &status) == 0,
      mapping.inode == 0
        || MappedFile.is(
          status, at: Self.path(descriptor), device: mapping.device, inode: mapping.inode)
    else {
      close(descriptor)
      return nil
    }
    return descriptor
  }
}

extension ProcessMap {
  /// As an event, with the build id of its file; the path as the kernel's own records have it.
  func image(of pid: UInt32, _ files: ImageFiles, isRundown: Bool) -> ImageMap {
    let buildID = files.buildID(
      of: ImageFiles.Mapping(
        pid: pid, start: start, end: end, path: path, device: device, inode: inode,
        isDeleted: isDeleted), isRundown: isRundown)
    return ImageMap(
      baseAddress: start, size: size, fileOffset: fileOffset,
      path: isDeleted ? path + " (deleted)" : path, buildID: buildID, device: device, inode: inode)
  }
}

/// Functions of images whose files are held open.
final class HeldImages: ImageSymbolProvider {
  private let files: ImageFiles
  private var images: [ImageIdentity: LoadedImage?] = [:]

  init(_ files: ImageFiles) { self.files = files }

  /// The function at an offset of an image, if its file is held.
  func function(atFileOffset offset: UInt64, in image: ImageIdentity) -> ImageAnswer {
    guard let loaded = loaded(image) else { return .imageNotFound }
    return loaded.symbols.lookup(offset).map { .function($0) } ?? .noSymbol
  }

  private func loaded(_ image: ImageIdentity) -> LoadedImage? {
    if let known = images[image] { return known }
    let loaded = files.location(of: image).flatMap {
      try? LoadedImage(path: $0, expected: BuildID(image.buildID))
    }
    images[image] = .some(loaded)
    return loaded
  }
}
