internal import TraceFormat
internal import TraceSymbols

/// Provides functions from this machine's files for a session that is known only after its first
/// events.
final class SessionImages: ImageSymbolProvider {
  private let searchRoots: [String]
  private let session: () -> SessionDescription
  private lazy var images = MachineImages(session: session(), searchRoots: searchRoots)

  init(_ searchRoots: [String], _ session: @escaping () -> SessionDescription) {
    self.searchRoots = searchRoots
    self.session = session
  }

  func function(atFileOffset offset: UInt64, in image: ImageIdentity) -> ImageAnswer {
    images.function(atFileOffset: offset, in: image)
  }

  func kernelFunction(at address: UInt64) -> ImageAnswer { images.kernelFunction(at: address) }
}
