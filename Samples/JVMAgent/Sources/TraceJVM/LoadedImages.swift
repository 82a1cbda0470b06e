import CJVM
import Glibc
import Synchronization
import TraceEvents
import TraceProvider

/// The native libraries in the process: the machine's, and those that Java code loads later.
///
/// A dlopen is not announced. However, loading a library for Java is followed by the first binding
/// of a native method, so the loader's count of loads is compared then.
enum LoadedImages {
  private struct Known {
    var generation: UInt64 = 0
    var images: [UInt64: ImageLoad] = [:]
  }

  private static let known = Mutex(Known())

  /// Reports all loaded images to a session.
  static func emitAll(to capture: borrowing CaptureState) {
    let (generation, images) = scan()
    known.withLock {
      $0.generation = generation
      for image in images { $0.images[image.baseAddress] = image }
    }
    for image in images { capture.emit(image) }
  }

  /// Reports the images loaded and unloaded since the last scan to all sessions.
  static func emitNew() {
    let generation = Self.generation
    guard known.withLock({ $0.generation != generation }) else { return }
    let (scanned, images) = scan()
    let (gone, new) = known.withLock { known in
      let present = Set(images.map(\.baseAddress))
      let gone = known.images.values.filter { !present.contains($0.baseAddress) }
      let new = images.filter { known.images[$0.baseAddress]?.path != $0.path }
      known.generation = scanned
      known.images = Dictionary(images.map { ($0.baseAddress, $0) }) { $1 }
      return (gone, new)
    }
    for image in gone {
      Runtime.provider.emit(
        ImageUnload(baseAddress: image.baseAddress, size: image.size, path: image.path),
        stack: JavaStack.append)
    }
    for image in new { Runtime.provider.emit(image, stack: JavaStack.append) }
  }

  // MARK: The loader

  /// The number of loads and unloads so far.
  private static var generation: UInt64 {
    var generation: UInt64 = 0
    _ = withUnsafeMutablePointer(to: &generation) { pointer in
      dl_iterate_phdr(
        { image, _, context in
          context?.assumingMemoryBound(to: UInt64.self).pointee =
            image.pointee.dlpi_adds &+ image.pointee.dlpi_subs
          return 1
        }, pointer)
    }
    return generation
  }

  private static func scan() -> (generation: UInt64, images: [ImageLoad]) {
    var found: (generation: UInt64, images: [ImageLoad]) = (0, [])
    _ = withUnsafeMutablePointer(to: &found) { pointer in
      dl_iterate_phdr(
        { image, _, context in
          guard
            let found = context?.assumingMemoryBound(
              to: (generation: UInt64, images: [ImageLoad]).self)
          else { return 1 }
          found.pointee.generation = image.pointee.dlpi_adds &+ image.pointee.dlpi_subs
          LoadedImages.append(image.pointee, to: &found.pointee.images)
          return 0
        }, pointer)
    }
    return found
  }

  /// Appends the image's executable segments.
  private static func append(_ image: dl_phdr_info, to images: inout [ImageLoad]) {
    guard let headers = image.dlpi_phdr else { return }
    let path = path(of: image)
    let segments = UnsafeBufferPointer(start: headers, count: Int(image.dlpi_phnum))
    let base = UInt64(image.dlpi_addr)
    let buildID =
      segments.lazy.filter { $0.p_type == PT_NOTE }
      .compactMap { note -> [UInt8]? in
        BuildID.find(
          in: UnsafeRawBufferPointer(
            start: UnsafeRawPointer(bitPattern: UInt(base &+ note.p_vaddr)),
            count: Int(note.p_memsz)))
      }.first
    for segment in segments where segment.p_type == PT_LOAD && segment.p_flags & 1 != 0 {
      images.append(
        ImageLoad(
          baseAddress: base &+ segment.p_vaddr, size: segment.p_memsz,
          fileOffset: segment.p_offset, path: path, buildID: buildID ?? []))
    }
  }
}

extension LoadedImages {
  /// The file's path, with links resolved. The loader does not name the program, and names the
  /// kernel's page like a file.
  private static func path(of image: dl_phdr_info) -> String {
    let name = image.dlpi_name.map { String(cString: $0) } ?? ""
    if name.hasPrefix("linux-vdso") { return "[vdso]" }
    guard let real = realpath(name.isEmpty ? "/proc/self/exe" : name, nil) else { return name }
    defer { free(real) }
    return String(cString: real)
  }
}

/// Finds the GNU build id in an image's ELF notes.
enum BuildID {
  static func find(in notes: UnsafeRawBufferPointer) -> [UInt8]? {
    var offset = 0
    while offset + 12 <= notes.count {
      func word(_ index: Int) -> Int {
        Int(notes.loadUnaligned(fromByteOffset: offset + 4 * index, as: UInt32.self))
      }
      let (nameSize, size, type) = (word(0), word(1), word(2))
      let name = offset + 12
      let content = name + ((nameSize + 3) & ~3)
      guard content + size <= notes.count else { return nil }
      if type == 3, nameSize == 4, notes[name..<name + 4].elementsEqual("GNU\0".utf8) {
        return Array(notes[content..<content + size])
      }
      offset = content + ((size + 3) & ~3)
    }
    return nil
  }
}
