import CTraceShims
import Glibc
import Testing

@testable import TraceControl

/// Two connected sockets.
private final class SocketPair {
  var ends: [Int32] = [-1, -1]

  init() {
    socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue), 0, &ends)
  }

  deinit { for end in ends where end >= 0 { close(end) } }
}

@Suite struct PacketSocketTests {
  private let pair = SocketPair()
  private func receive() -> (result: PacketResult, bytes: [UInt8], descriptors: [Int32]) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1024, alignment: 8)
    defer { buffer.deallocate() }
    var bytes: [UInt8] = []
    var descriptors: [Int32] = []
    let result = PacketSocket.receive(from: pair.ends[1], into: buffer) {
      bytes = Array($0)
      descriptors = $1
    }
    return (result, bytes, descriptors)
  }

  @Test func packetsStayApart() {
    #expect(receive().result == .wouldBlock)
    #expect(PacketSocket.send([1, 2, 3], to: pair.ends[0]) == .done)
    #expect(PacketSocket.send([4], to: pair.ends[0]) == .done)
    #expect(receive().bytes == [1, 2, 3])
    #expect(receive().bytes == [4])
    close(pair.ends[0])
    pair.ends[0] = -1
    #expect(receive().result == .closed)
    #expect(PacketSocket.send([1], to: pair.ends[1]) == .closed)
  }

  @Test func descriptorsTravel() {
    let file = trace_memfd("test")
    #expect(PacketSocket.send([9], descriptors: [file, file], to: pair.ends[0]) == .done)
    let received = receive()
    #expect(received.descriptors.count == 2)
    for descriptor in received.descriptors {
      #expect(fcntl(descriptor, F_GETFD) == FD_CLOEXEC)
      close(descriptor)
    }
    close(file)
  }

  @Test func tooLongPacketIsAnError() {
    let file = trace_memfd("test")
    defer { close(file) }
    let long = [UInt8](repeating: 1, count: 2000)
    #expect(PacketSocket.send(long, descriptors: [file], to: pair.ends[0]) == .done)
    let received = receive()
    #expect(received.result == .failed(EMSGSIZE))
    #expect(received.descriptors.isEmpty)
  }

  @Test func queueKeepsOrderAndBounds() {
    var queue = PacketQueue()
    let packet = [UInt8](repeating: 0, count: 1000)
    var sent = 0
    var last = PacketResult.done
    repeat {
      var numbered = packet
      numbered[0] = UInt8(truncatingIfNeeded: sent)
      last = queue.send(numbered, to: pair.ends[0])
      sent += 1
    } while last == .done || last == .wouldBlock
    #expect(last == .failed(0))
    #expect(sent > ControlLimits.queuedPackets)
    var received = 0
    while received < sent {
      let next = receive()
      if next.result == .wouldBlock {
        #expect(queue.flush(to: pair.ends[0]) != .closed)
        continue
      }
      #expect(next.bytes.first == UInt8(truncatingIfNeeded: received))
      received += 1
    }
    #expect(queue.flush(to: pair.ends[0]) == .done)
    let isEmpty = queue.isEmpty
    #expect(isEmpty)
  }

  /// A peer can close its end for receiving only. Nobody must then wait for room.
  @Test func queueOfAClosedPeerIsEmpty() {
    var queue = PacketQueue()
    let packet = [UInt8](repeating: 0, count: 1000)
    while queue.send(packet, to: pair.ends[0]) == .done {}
    shutdown(pair.ends[1], Int32(SHUT_RD))
    let (wasEmpty, result) = (queue.isEmpty, queue.flush(to: pair.ends[0]))
    #expect(!wasEmpty && result == .closed)
    let (isEmpty, byteCount) = (queue.isEmpty, queue.byteCount)
    #expect(isEmpty && byteCount == 0)
    #expect(queue.send(packet, to: pair.ends[0]) == .closed)
  }

  @Test func peerIsKnownByTheKernelsWord() {
    let peer = PeerCredentials(descriptor: pair.ends[0])
    #expect(peer == PeerCredentials(pid: UInt32(getpid()), uid: geteuid()))
    #expect(PeerCredentials(descriptor: -1) == nil)
  }

  @Test func whoMayTraceWhom() {
    let user = PeerCredentials(pid: 1, uid: 1000)
    let root = PeerCredentials(pid: 1, uid: 0)
    #expect(user.mayTrace(uid: 1000) && root.mayTrace(uid: 1000))
    #expect(!user.mayTrace(uid: 1001) && !user.mayTrace(uid: 0))
    #expect(user.mayBeTraced(by: 1000) && user.mayBeTraced(by: 0))
    #expect(!user.mayBeTraced(by: 1001) && !root.mayBeTraced(by: 1000))
  }

  @Test func ownIdentity() {
    let own = ProcessIdentity(procName: "self")
    #expect(own.executable.hasPrefix("/"))
    #expect(!own.arguments.isEmpty)
    #expect(own.parentPID == UInt32(getppid()))
    #expect(own.startTime > 0)
    let parsed = ProcessIdentity.parseStat(
      Array("12 (a) (b c) S 7 1 1 0 -1 4 0 0 0 0 0 0 0 0 20 0 1 0 4242 0 0".utf8))
    #expect(parsed?.parent == 7)
    #expect(parsed?.startTime == 4242)
    #expect(ProcessIdentity.parseStat(Array("12 (a".utf8)) == nil)
  }
}
