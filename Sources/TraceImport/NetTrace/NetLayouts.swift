internal import TraceEvents

/// Names and fields of the events of the .NET runtime. Its recordings have only their numbers.
enum NetLayouts {
  static let runtimeProvider = "Microsoft-Windows-DotNETRuntime"
  static let rundownProvider = "Microsoft-Windows-DotNETRuntimeRundown"
  static let privateProvider = "Microsoft-Windows-DotNETRuntimePrivate"
  static let sampleProvider = "Microsoft-DotNETCore-SampleProfiler"

  /// The name and the fields of an event; nil if they are not known.
  static func layout(
    _ provider: String, _ id: UInt32, version: UInt8
  ) -> (name: String, fields: [NetField])? {
    switch provider {
    case runtimeProvider: find(id, id < 80 ? collections : runtime, version)
    case rundownProvider: find(id, rundown, version)
    case privateProvider: find(id, privateEvents, version)
    case sampleProvider where id == 0:
      ("ThreadSample", [NetField(name: "Type", type: .number(.uint32))])
    default: nil
    }
  }

  private static func find(
    _ id: UInt32, _ table: String, _ version: UInt8
  ) -> (name: String, fields: [NetField])? {
    let key = "\(id)"
    for line in table.split(separator: "\n") {
      let words = line.split(separator: " ")
      guard words.count >= 2, words[0] == key else { continue }
      let fields = words.count > 2 ? expanded(String(words[2])) : ""
      let parts = fields.split(separator: "|", omittingEmptySubsequences: false)
      let known = parts.prefix(Int(version) + 1).flatMap { $0.split(separator: ",") }
      return (String(words[1]), known.compactMap(field))
    }
    return nil
  }

  private static func expanded(_ text: String) -> String {
    shorthands.reduce(text) { text, pair in
      text.split(separator: pair.0, omittingEmptySubsequences: false).joined(separator: pair.1)
    }
  }

  private static func field(_ text: Substring) -> NetField? {
    let parts = text.split(separator: ":")
    guard parts.count == 2, let type = type(parts[1]) else { return nil }
    return NetField(name: String(parts[0]), type: type)
  }

  private static func type(_ text: Substring) -> NetType? {
    switch text {
    case "u1": .number(.uint8)
    case "u2": .number(.uint16)
    case "u4": .number(.uint32)
    case "u8": .number(.uint64)
    case "i4": .number(.int32)
    case "i8": .number(.int64)
    case "d": .number(.double)
    case "b": .boolean(bytes: 4)
    case "p": .pointer
    case "g": .guid
    case "s": .text
    case "a": .narrowText
    case "u4[]": .counted(.number(.uint32))
    case "rest": .rest
    default: nil
    }
  }
}
