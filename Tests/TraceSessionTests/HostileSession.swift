import CTraceShims
import Glibc
import Testing
import TraceControl
import TraceEvents

@testable import TraceSession

/// A session's side of the control protocol, controlled by the test.
final class HostileSession {
  let listener: SessionListener
  private(set) var socket: Int32 = -1

  init(path: String) throws {
    listener = try SessionListener(places: [.init(path: path, kind: .user)])
  }

  deinit { if socket >= 0 { close(socket) } }

  func acceptOne() throws {
    var ready = pollfd(fd: listener.descriptor, events: Int16(POLLIN), revents: 0)
    try #require(poll(&ready, 1, 10_000) == 1, "no process connects")
    socket = trace_packet_accept(listener.descriptor)
    try #require(socket >= 0)
  }

  func send(_ packet: [UInt8], descriptors: [Int32] = []) {
    _ = PacketSocket.send(packet, descriptors: descriptors, to: socket)
  }

  /// Ends as if its process were killed: without a message.
  func end() {
    close(socket)
    socket = -1
  }

  /// Reads the process's messages until it has announced a provider; returns the provider's number.
  func number(of provider: String) throws -> UInt16 {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 8)
    defer { buffer.deallocate() }
    var numbers: [String: UInt16] = [:]
    var isAnnounced = false
    while !isAnnounced {
      var ready = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
      try #require(poll(&ready, 1, 10_000) == 1, "the process announces no such provider")
      let result = PacketSocket.receive(from: socket, into: buffer) { packet, _ in
        switch try? AppMessage(packet: packet) {
        case .registerProvider(let number, let heading): numbers[heading.name] = number
        case .registerDone(let number): isAnnounced = numbers[provider] == number
        default: break
        }
      }
      try #require(result == .done, "the process leaves")
    }
    return numbers[provider]!
  }

  /// Reads all messages that the process has sent so far.
  func readWaiting() {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 8)
    defer { buffer.deallocate() }
    while PacketSocket.receive(from: socket, into: buffer, { _, _ in }) == .done {}
  }

  /// Reads the process's messages up to its first notice.
  func firstNotice() throws -> String {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 8)
    defer { buffer.deallocate() }
    while true {
      var text: String?
      var ready = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
      try #require(poll(&ready, 1, 10_000) == 1, "no notice comes")
      let result = PacketSocket.receive(from: socket, into: buffer) { packet, _ in
        if case .notice(let notice) = try? AppMessage(packet: packet) { text = notice }
      }
      if let text { return text }
      try #require(result == .done, "the process leaves without a notice")
    }
  }

  /// Reads the process's messages until it disconnects; returns the last one.
  func readToEnd() throws -> AppMessage? {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 8)
    defer { buffer.deallocate() }
    var last: AppMessage?
    while true {
      var ready = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
      try #require(poll(&ready, 1, 10_000) == 1, "the process stays")
      let result = PacketSocket.receive(from: socket, into: buffer) { packet, _ in
        last = try? AppMessage(packet: packet)
      }
      if result != .done { return last }
    }
  }
}
