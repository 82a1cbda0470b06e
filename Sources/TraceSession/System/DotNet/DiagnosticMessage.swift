/// The messages of the .NET runtime's diagnostics socket.
///
///     magic "DOTNET_IPC_V1\0", size of all (u16), set (u8), command (u8), 0 (u16), payload
enum DiagnosticMessage {
  enum Command: UInt16 {
    case stopTracing = 0x0201
    case collectTracing = 0x0202
    case collectTracing2 = 0x0203
    /// .NET 8: a session may do without stacks.
    case collectTracing3 = 0x0204
    case resumeRuntime = 0x0401
    case processInfo2 = 0x0404
  }

  /// The answer of a runtime.
  enum Answer: Equatable {
    case ok([UInt8])
    /// The runtime's error code.
    case refused(UInt32)
  }

  /// What a runtime answers to a command that it does not know.
  static let unknownCommand: UInt32 = 0x8013_1385

  static let headerBytes = 20
  static let magic = Array("DOTNET_IPC_V1\0".utf8)
  /// The largest answer that is read.
  static let answerBytesMax = 65_536

  static func encode(_ command: Command, _ payload: [UInt8] = []) -> [UInt8] {
    var message = magic
    message.append(word: UInt16(clamping: headerBytes + payload.count))
    message.append(UInt8(command.rawValue >> 8))
    message.append(UInt8(command.rawValue & 0xff))
    message.append(word: UInt16(0))
    return message + payload
  }

  /// The size of an answer's payload by its header; nil if it is none.
  static func payloadBytes(_ header: [UInt8]) -> Int? {
    guard header.count == headerBytes, header.starts(with: magic), header[16] == 0xff else {
      return nil
    }
    let size = Int(header[14]) | Int(header[15]) << 8
    return size >= headerBytes ? size - headerBytes : nil
  }

  static func answer(_ header: [UInt8], _ payload: [UInt8]) -> Answer {
    guard header[17] == 0 else {
      return .refused(UInt32(truncatingIfNeeded: word(payload, 0, bytes: 4)))
    }
    return .ok(payload)
  }

  /// A number in a payload; 0 if it ends before.
  static func word(_ payload: [UInt8], _ offset: Int, bytes: Int) -> UInt64 {
    guard offset >= 0, payload.count - offset >= bytes else { return 0 }
    return (0..<bytes).reduce(0) { $0 | UInt64(payload[offset + $1]) << UInt64(8 * $1) }
  }

  // MARK: Payloads

  /// The payload of one of the commands that begin a session.
  ///
  /// - Parameter stacks: whether events have stacks; only ``Command/collectTracing3`` says so.
  static func session(
    _ command: Command, bufferMegabytes: UInt32, stacks: Bool,
    _ providers: [DotNetSelection.Provider]
  ) -> [UInt8] {
    var payload: [UInt8] = []
    payload.append(word: bufferMegabytes)
    // The format .nettrace.
    payload.append(word: UInt32(1))
    if command != .collectTracing { payload.append(1) }
    if command == .collectTracing3 { payload.append(stacks ? 1 : 0) }
    payload.append(word: UInt32(clamping: providers.count))
    for provider in providers {
      payload.append(word: provider.keywords)
      payload.append(word: provider.level)
      payload.append(text: provider.name)
      payload.append(text: "")
    }
    return payload
  }

  static func stop(session: UInt64) -> [UInt8] {
    var payload: [UInt8] = []
    payload.append(word: session)
    return payload
  }

  /// The texts of an answer from an offset on.
  static func texts(_ payload: [UInt8], from start: Int, count: Int) -> [String] {
    var offset = start
    return (0..<count).map { _ in
      let units = Int(word(payload, offset, bytes: 4))
      offset += 4
      guard units <= (payload.count - min(offset, payload.count)) / 2 else {
        offset = payload.count
        return ""
      }
      defer { offset += 2 * units }
      let text = (0..<units).map { UInt16(word(payload, offset + 2 * $0, bytes: 2)) }
      return String(decoding: text.prefix { $0 != 0 }, as: UTF16.self)
    }
  }
}

extension [UInt8] {
  mutating func append<Word: FixedWidthInteger>(word: Word) {
    Swift.withUnsafeBytes(of: word.littleEndian) { append(contentsOf: $0) }
  }

  /// A text as UTF-16 with a NUL, after the number of its units; the empty text has none.
  fileprivate mutating func append(text: String) {
    let units = text.isEmpty ? [] : Array<UInt16>(text.utf16) + [0]
    append(word: UInt32(clamping: units.count))
    for unit in units { append(word: unit) }
  }
}
