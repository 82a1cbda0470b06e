internal import Locks
internal import TraceAnalysis
internal import TraceFormat
internal import TraceSymbols

/// The names and lines of this process's code that requests have found, for those that follow.
///
/// - Guarantee: at most ``placesMax`` places, with names and lines of ``bytesMax`` bytes; when
///   there are more, it begins anew.
/// - Trap: debug files that are installed while the program runs are not seen for places that are
///   known already.
final class KnownNames: Sendable {
  static let placesMax = 32_768
  static let bytesMax = 8 << 20
  /// Those of this process.
  static let shared = KnownNames()

  struct Place {
    var answer: ImageAnswer?
    /// Nil until it was asked for.
    var frames: SourceFrames??
  }

  private struct State {
    var images: [ImageIdentity: [UInt64: Place]] = [:]
    var places = 0
    var bytes = 0
  }

  private let state = Lock(State())

  init() {}

  /// Number of places kept.
  var count: Int { state.withLock { $0.places } }

  func place(_ offset: UInt64, in image: ImageIdentity) -> Place {
    state.withLock { $0.images[image]?[offset] } ?? Place()
  }

  func keep(_ place: Place, at offset: UInt64, in image: ImageIdentity) {
    state.withLock { state in
      if state.places >= Self.placesMax || state.bytes >= Self.bytesMax { state = State() }
      if state.images[image]?[offset] == nil { state.places += 1 }
      // What was counted for an earlier answer about the place is counted again.
      state.bytes += Self.bytes(place)
      state.images[image, default: [:]][offset] = place
    }
  }

  private static func bytes(_ place: Place) -> Int {
    var bytes = 64
    if case .function(let function)? = place.answer { bytes += function.name.utf8.count }
    if case .some(.some(let frames)) = place.frames {
      bytes += frames.line?.file.utf8.count ?? 0
      for call in frames.inlined {
        bytes += 64 + call.name.utf8.count + (call.line?.file.utf8.count ?? 0)
      }
    }
    return bytes
  }
}

/// Answers from ``KnownNames``, and reads files only for what is new.
final class KeptImages: ImageSymbolProvider {
  private let known: KnownNames
  private let file: TraceFile
  private var images: MachineImages?

  init(_ file: TraceFile, known: KnownNames = .shared) {
    (self.file, self.known) = (file, known)
  }

  /// Made when something is not known.
  private var machine: MachineImages {
    if let images { return images }
    let made = MachineImages(file)
    images = made
    return made
  }

  func function(atFileOffset offset: UInt64, in image: ImageIdentity) -> ImageAnswer {
    var place = known.place(offset, in: image)
    if let answer = place.answer { return answer }
    let answer = machine.function(atFileOffset: offset, in: image)
    switch answer {
    case .function, .noSymbol:
      place.answer = answer
      known.keep(place, at: offset, in: image)
    case .imageNotFound, .buildIDDiffers, .hidden: break
    }
    return answer
  }

  func kernelFunction(at address: UInt64) -> ImageAnswer { machine.kernelFunction(at: address) }

  func sourceFrames(atFileOffset offset: UInt64, in image: ImageIdentity) -> SourceFrames? {
    var place = known.place(offset, in: image)
    if let frames = place.frames { return frames }
    let frames = machine.sourceFrames(atFileOffset: offset, in: image)
    place.frames = .some(frames)
    known.keep(place, at: offset, in: image)
    return frames
  }
}
