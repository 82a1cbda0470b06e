internal import Glibc

/// A zstd stream that arrives in parts. The system's library is loaded when first needed, as for
/// compressed sections of images.
final class ZstdStream {
  private struct Part {
    var start: UnsafeMutableRawPointer?
    var size: Int
    var position: Int
  }

  private typealias Create = @convention(c) () -> UnsafeMutableRawPointer?
  private typealias Free = @convention(c) (UnsafeMutableRawPointer?) -> Int
  private typealias Decompress =
    @convention(c) (UnsafeMutableRawPointer?, UnsafeMutableRawPointer?, UnsafeMutableRawPointer?)
    -> Int
  private typealias IsError = @convention(c) (Int) -> UInt32
  private typealias Limit = @convention(c) (UnsafeMutableRawPointer?, Int32, Int32) -> Int

  private struct Library: Sendable {
    let create: Create
    let free: Free
    let decompress: Decompress
    let isError: IsError
    let limit: Limit

    static let shared = Library()

    private init?() {
      guard let handle = dlopen("libzstd.so.1", RTLD_NOW | RTLD_LOCAL),
        let create = dlsym(handle, "ZSTD_createDStream"),
        let free = dlsym(handle, "ZSTD_freeDStream"),
        let decompress = dlsym(handle, "ZSTD_decompressStream"),
        let isError = dlsym(handle, "ZSTD_isError"),
        let limit = dlsym(handle, "ZSTD_DCtx_setParameter")
      else { return nil }
      self.create = unsafeBitCast(create, to: Create.self)
      self.free = unsafeBitCast(free, to: Free.self)
      self.decompress = unsafeBitCast(decompress, to: Decompress.self)
      self.isError = unsafeBitCast(isError, to: IsError.self)
      self.limit = unsafeBitCast(limit, to: Limit.self)
    }
  }

  private let library: Library
  private let stream: UnsafeMutableRawPointer
  private let room: UnsafeMutableRawBufferPointer

  private static let roomBytes = 128 << 10
  /// ZSTD_d_windowLogMax: a stream that needs more than 2²³ bytes of history is refused; perf's
  /// levels need at most that much.
  private static let windowLogParameter: Int32 = 100
  private static let windowLogMax: Int32 = 23

  /// Nil if the library is not installed.
  init?() {
    guard let library = Library.shared, let stream = library.create() else { return nil }
    self.library = library
    self.stream = stream
    room = .allocate(byteCount: Self.roomBytes, alignment: 8)
    _ = library.limit(stream, Self.windowLogParameter, Self.windowLogMax)
  }

  deinit {
    _ = library.free(stream)
    room.deallocate()
  }

  /// Decompresses the next part of the stream and passes the bytes on, in order.
  ///
  /// - Parameter body: receives some bytes; returns false to stop.
  /// - Returns: false if the stream is damaged.
  func decompress(
    _ bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Bool
  ) -> Bool {
    var input = Part(
      start: UnsafeMutableRawPointer(mutating: bytes.baseAddress), size: bytes.count, position: 0)
    while true {
      var output = Part(start: room.baseAddress, size: room.count, position: 0)
      let before = input.position
      let code = withUnsafeMutablePointer(to: &output) { output in
        withUnsafeMutablePointer(to: &input) { library.decompress(stream, output, $0) }
      }
      guard library.isError(code) == 0, output.position <= room.count else { return false }
      if output.position > 0 {
        guard body(UnsafeRawBufferPointer(rebasing: room[..<output.position])) else { return true }
      }
      // A full buffer may have left more inside.
      if input.position >= input.size, output.position < output.size { return true }
      if input.position == before, output.position == 0 { return false }
    }
  }
}
