import CTraceShims
import Glibc
import Testing

@testable import TraceSession

/// A program without standard input, output and error: descriptors opened by a session must not get
/// their numbers, because the program's output would be written there.
@Suite struct ClosedDescriptorTests {
  /// The result on a thread with a separate descriptor table.
  private final class Finding {
    var canUnshare = false
    var descriptors: [Int32] = []
    var wakes = false
    var taken: [Int32] = []

    func look() {
      // Not in the headers that Swift imports.
      typealias Unshare = @convention(c) (Int32) -> Int32
      guard let symbol = dlsym(nil, "unshare") else { return }
      canUnshare = unsafeBitCast(symbol, to: Unshare.self)(0x400) == 0  // CLONE_FILES
      guard canUnshare else { return }
      for descriptor in Int32(0)...2 { close(descriptor) }
      guard let wake = try? WakeSocket() else { return }
      descriptors = [wake.receiver, wake.sender]
      trace_wake_peer(wake.sender)
      var byte: UInt8 = 0
      wakes = recv(wake.receiver, &byte, 1, 0) == 1
      taken = (0...2).filter { fcntl($0, F_GETFD) >= 0 }
    }
  }

  @Test func theWakeSocketLeavesTheNumbersOfStandardDescriptorsAlone() throws {
    let finding = Finding()
    let start = Unmanaged.passRetained(finding)
    var thread = pthread_t()
    let code = pthread_create(
      &thread, nil,
      {
        Unmanaged<Finding>.fromOpaque($0!).takeRetainedValue().look()
        return nil
      }, start.toOpaque())
    try #require(code == 0)
    pthread_join(thread, nil)
    try #require(finding.canUnshare)
    #expect(finding.descriptors.count == 2 && finding.descriptors.allSatisfy { $0 > 2 })
    #expect(finding.wakes)
    #expect(finding.taken.isEmpty)
  }
}
