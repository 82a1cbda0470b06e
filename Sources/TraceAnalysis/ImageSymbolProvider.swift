public import TraceSymbols

/// Identifies the image in which a function is looked up.
public struct ImageIdentity: Hashable, Sendable {
  /// Path as shown by the kernel, without " (deleted)".
  public var path: String
  /// GNU build id; empty if unknown.
  public var buildID: [UInt8]
  /// Device and inode numbers as in st_dev and st_ino; 0 if unknown.
  public var device: UInt64
  public var inode: UInt64
  /// Whether the file was removed or replaced while it was mapped. A file of this name is then
  /// another one.
  public var isDeleted: Bool
  /// A process that maps the image, for paths that only it can see; 0 if none is known.
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

/// Answer of a symbol source for one place in an image.
public enum ImageAnswer: Sendable {
  /// The function that contains the place, with its offset in the same terms as the query.
  case function(FunctionSymbol)
  /// The image was found, but it has no name for this place.
  case noSymbol
  case imageNotFound
  /// A file of that name exists, but it is another build.
  case buildIDDiffers
  /// The kernel does not disclose its symbols.
  case hidden

  /// Whether the exact image was read, so that no other source can improve the answer.
  var isFinal: Bool {
    switch self {
    case .function, .noSymbol: true
    case .imageNotFound, .buildIDDiffers, .hidden: false
    }
  }
}

/// A source of function names for images: the trace itself, files of this machine, a test's table.
///
/// - Guarantee: conforming types never return a name from a file whose build id differs from the
///   image's.
/// - Cost: called once for each address met; the answers are kept.
public protocol ImageSymbolProvider: AnyObject {
  /// Whether several threads may call the source concurrently. Otherwise calls are serialized.
  var isShareable: Bool { get }
  /// Returns the function at an offset in the image's file.
  func function(atFileOffset offset: UInt64, in image: ImageIdentity) -> ImageAnswer
  /// Returns the kernel function at an address.
  func kernelFunction(at address: UInt64) -> ImageAnswer
  /// Returns the source line at an offset in the image's file, and the calls inlined there.
  func sourceFrames(atFileOffset offset: UInt64, in image: ImageIdentity) -> SourceFrames?
}

extension ImageSymbolProvider {
  /// Calls are serialized by default.
  public var isShareable: Bool { false }
  /// By default, no kernel function is found.
  public func kernelFunction(at address: UInt64) -> ImageAnswer { .imageNotFound }
  /// By default, no source lines are found.
  public func sourceFrames(
    atFileOffset offset: UInt64, in image: ImageIdentity
  ) -> SourceFrames? { nil }
}
