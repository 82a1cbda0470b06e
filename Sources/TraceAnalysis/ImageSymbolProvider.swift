public import TraceSymbols

/// Which image a function is looked for in.
public struct ImageIdentity: Hashable, Sendable {
  /// As the kernel showed it, without " (deleted)".
  public var path: String
  /// The GNU build id, empty where it is not known.
  public var buildID: [UInt8]
  /// As st_dev and st_ino have them, 0 where they are not known.
  public var device: UInt64
  public var inode: UInt64
  /// The file was removed or replaced while it was mapped: what has its name now is another.
  public var isDeleted: Bool
  /// A process that maps it, for paths that only it can see; 0 where none is known.
  public var pid: UInt32

  public init(
    path: String, buildID: [UInt8] = [], device: UInt64 = 0, inode: UInt64 = 0,
    isDeleted: Bool = false, pid: UInt32 = 0
  ) {
    self.path = path
    self.buildID = buildID
    self.device = device
    self.inode = inode
    self.isDeleted = isDeleted
    self.pid = pid
  }
}

/// A source's word on a place in an image.
public enum ImageAnswer: Sendable {
  /// The function that has it; its offset is counted as the question's was.
  case function(FunctionSymbol)
  /// The right image, and it names nothing there.
  case noSymbol
  case imageNotFound
  /// There is a file of that name, but it is another build.
  case buildIDDiffers
  /// The kernel does not tell.
  case hidden

  /// Whether the very image was read, so that no other source can add to the answer.
  var isFinal: Bool {
    switch self {
    case .function, .noSymbol: true
    case .imageNotFound, .buildIDDiffers, .hidden: false
    }
  }
}

/// A source of images' functions: the trace itself, files of this machine, a test's table.
///
/// - Guarantee to give: never a name out of a file whose build id differs from the image's.
/// - Cost: asked once for each address that is met, and the answers are kept.
public protocol ImageSymbolProvider: AnyObject {
  /// Whether several threads may ask at the same time; without it, they ask one after the other.
  var isShareable: Bool { get }
  /// The function at an offset in the image's file.
  func function(atFileOffset offset: UInt64, in image: ImageIdentity) -> ImageAnswer
  /// The kernel's function at an address.
  func kernelFunction(at address: UInt64) -> ImageAnswer
  /// The source line at an offset in the image's file, and the calls that are inlined there.
  func sourceFrames(atFileOffset offset: UInt64, in image: ImageIdentity) -> SourceFrames?
}

extension ImageSymbolProvider {
  /// One thread at a time.
  public var isShareable: Bool { false }
  /// None, where a source knows nothing of the kernel.
  public func kernelFunction(at address: UInt64) -> ImageAnswer { .imageNotFound }
  /// None, where a source has no lines.
  public func sourceFrames(
    atFileOffset offset: UInt64, in image: ImageIdentity
  ) -> SourceFrames? { nil }
}
