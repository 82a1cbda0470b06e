/// A file of another tool or format, recognized by its first bytes.
public struct ForeignFormat: Hashable, Sendable {
  /// Description with its article: "a perf.data file".
  public var kind: String
  /// Recommended next step, as an instruction.
  public var nextStep: String

  /// Number of bytes examined.
  static let prefixBytes = 4096

  /// Returns nil if the first bytes are not recognized.
  init?(prefix bytes: [UInt8]) {
    guard
      let found = Self.signature(bytes) ?? Self.legacyProfile(bytes) ?? Self.etwLog(bytes)
        ?? Self.elf(bytes) ?? Self.profile(bytes) ?? Self.perfetto(bytes) ?? Self.text(bytes)
    else { return nil }
    (kind, nextStep) = found
  }

  private static let collect = "collect with 'tracectl collect', or read it with its own tool"
  private static let decompress = "decompress it first"

  /// Offset of each signature, its bytes, the kind of file, and the next step.
  private static let signatures: [(offset: Int, bytes: [UInt8], kind: String, next: String)] = [
    (0, Array("PERFILE2".utf8), "a perf.data file", "read it with 'perf script', or \(collect)"),
    (0, Array("2ELIFREP".utf8), "a perf.data file", "read it with 'perf script', or \(collect)"),
    (0, Array("PERFFILE".utf8), "a perf.data file", "read it with 'perf script', or \(collect)"),
    (0, [0x46, 0x4c, 0x52, 0x00], "a JDK Flight Recorder file", "read it with 'jfr print'"),
    (0, Array("Nettrace".utf8), "a .nettrace file of .NET", "read it with dotnet-trace"),
    (
      4, Array("!FastSerialization.1".utf8), "a file of PerfView (.etlx, .gcdump)",
      "read it with PerfView"
    ),
    (0, Array("JAVA PROFILE ".utf8), "a heap dump of a JVM (.hprof)", "read it with jhat or MAT"),
    (0, [0x17, 0x08, 0x44] + Array("tracing".utf8), "a trace.dat file", "read it with trace-cmd"),
    (
      0, Array("/* CTF ".utf8), "the metadata of a CTF trace (LTTng)",
      "read its directory with babeltrace2"
    ),
    (0, [0x57, 0x1d, 0xd1, 0x75], "the metadata of a CTF trace (LTTng)", ctf),
    (0, [0xc1, 0x1f, 0xfc, 0xc1], "a stream of a CTF trace (LTTng)", ctf),
    (0, [0x75, 0xd1, 0x1d, 0x57], "the metadata of a CTF trace (LTTng)", ctf),
    (0, [0xc1, 0xfc, 0x1f, 0xc1], "a stream of a CTF trace (LTTng)", ctf),
    (
      0, Array("DTiJ".utf8), "a jitdump file",
      "collect while the program runs, and its jitdump file is read as well"
    ),
    (0, Array("SQLite format 3".utf8) + [0], "an SQLite database", collect),
    (0, [0x0a, 0x0d, 0x0d, 0x0a], "a capture of packets (pcapng)", "read it with Wireshark"),
    (0, [0xd4, 0xc3, 0xb2, 0xa1], "a capture of packets (pcap)", "read it with Wireshark"),
    (0, [0x4d, 0x3c, 0xb2, 0xa1], "a capture of packets (pcap)", "read it with Wireshark"),
    (0, [0xa1, 0xb2, 0xc3, 0xd4], "a capture of packets (pcap)", "read it with Wireshark"),
    (0, Array("go 1.".utf8), "an execution trace of Go", "read it with 'go tool trace'"),
    (0, Array("gmon".utf8), "a profile of gprof (gmon.out)", "read it with gprof"),
    (0, Array("MDMP".utf8), "a minidump of Windows", "read it with WinDbg or LLDB"),
    (
      0, [0x10, 0x00, 0x04, 0x46, 0x78, 0x54, 0x16, 0x00], "a Fuchsia trace (magic-trace)",
      "open it in ui.perfetto.dev"
    ),
    (
      0, [0x1f, 0x8b], "compressed by gzip, and no profile of pprof's current format",
      "decompress it first"
    ),
    (0, [0x28, 0xb5, 0x2f, 0xfd], "compressed by zstd", decompress),
    (0, [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], "compressed by xz", decompress),
    (0, Array("BZh".utf8), "compressed by bzip2", decompress),
    (0, [0x04, 0x22, 0x4d, 0x18], "compressed by lz4", decompress),
    (0, [0x50, 0x4b, 0x03, 0x04], "a ZIP archive (a .diagsession, for one)", "unpack it first"),
  ]

  private static let ctf = "read its directory with babeltrace2"

  /// The older formats of profiles, which pprof still reads, by their first lines. The first is
  /// binary: a header of three words, of which the first two are 0 and 3.
  private static let legacyProfiles: [[UInt8]] = [
    [0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0], Array("heap profile: ".utf8),
    Array("--- contention".utf8), Array("--- heap".utf8), Array("--- growth".utf8),
    Array("--- mutex".utf8), Array("--- thread".utf8), Array("goroutine profile: total ".utf8),
    Array("threadcreate profile: total ".utf8), Array("--- symbol".utf8),
  ]

  private static func legacyProfile(_ bytes: [UInt8]) -> (String, String)? {
    guard legacyProfiles.contains(where: { bytes.starts(with: $0) }) else { return nil }
    return (
      "a profile of pprof's older formats",
      "convert it: 'go tool pprof -proto FILE > profile.pb.gz'"
    )
  }

  private static func signature(_ bytes: [UInt8]) -> (String, String)? {
    signatures.first { bytes.dropFirst($0.offset).starts(with: $0.bytes) }
      .map { ($0.kind, $0.next) }
  }

  /// ETW: a buffer header of 72 bytes, then the system header with its marker.
  private static func etwLog(_ bytes: [UInt8]) -> (String, String)? {
    guard bytes.count > 76 else { return nil }
    let size = (0..<4).reduce(0) { $0 | Int(bytes[$1]) << (8 * $1) }
    let isSystemHeader = bytes[75] == 0xc0 && (1...2).contains(bytes[74])
    guard isSystemHeader, size >= 1024, size % 1024 == 0, size <= 16 << 20 else { return nil }
    return ("an .etl file of Windows (ETW)", "read it with PerfView or WPA on Windows")
  }

  private static func elf(_ bytes: [UInt8]) -> (String, String)? {
    guard bytes.starts(with: [0x7f, 0x45, 0x4c, 0x46]), bytes.count > 17 else { return nil }
    let type = bytes[5] == 2 ? bytes[17] : bytes[16]
    return type == 4
      ? ("an ELF core dump", "read it with gdb")
      : ("an ELF program or library", "trace it with 'tracectl collect … -- program'")
  }

  /// pprof, uncompressed: its first field is a short message that begins with its own first field.
  private static func profile(_ bytes: [UInt8]) -> (String, String)? {
    guard bytes.count > 4, bytes[0] == 0x0a, (2...12).contains(bytes[1]), bytes[2] == 0x08 else {
      return nil
    }
    return ("a pprof profile", "read it with 'go tool pprof'")
  }

  /// Perfetto: a sequence of packets, each with the tag of a message's first field and its size.
  private static func perfetto(_ bytes: [UInt8]) -> (String, String)? {
    var position = 0
    var count = 0
    while count < 3, position + 3 < bytes.count, bytes[position] == 0x0a {
      let low = Int(bytes[position + 1])
      guard low > 0 else { return nil }
      let isLong = low >= 0x80
      if isLong, bytes[position + 2] == 0 || bytes[position + 2] >= 0x80 { return nil }
      let size = isLong ? low & 0x7f | Int(bytes[position + 2]) << 7 : low
      // The packet's own first tag: a field of one of the four current wire types.
      let tag = bytes[position + (isLong ? 3 : 2)]
      guard [0, 1, 2, 5].contains(tag & 7), tag >> 3 != 0 else { return nil }
      position += (isLong ? 3 : 2) + size
      count += 1
    }
    // The packets go on where the bytes end.
    let goesOn = bytes.count == prefixBytes && position > bytes.count
    guard count == 3 || count > 0 && goesOn else { return nil }
    return ("a Perfetto trace", "open it in ui.perfetto.dev")
  }

  private static func text(_ bytes: [UInt8]) -> (String, String)? {
    let text = String(decoding: bytes, as: UTF8.self)
    let body = text.drop { $0.isWhitespace || $0 == "\u{feff}" }
    if body.hasPrefix("{") || body.hasPrefix("[") {
      if body.contains("\"traceEvents\"") || body.contains("\"ph\"") {
        return ("a trace of Chrome's JSON format", "open it in ui.perfetto.dev")
      }
      if body.contains("speedscope") {
        return ("a speedscope profile", "open it in speedscope.app")
      }
      if body.contains("\"meta\"") && body.contains("\"interval\"") {
        return ("a profile of the Firefox Profiler", "open it in profiler.firefox.com")
      }
      return ("JSON", "give the trace file that it was made from")
    }
    if body.hasPrefix("<?xml") || body.hasPrefix("<svg") || body.hasPrefix("<!DOCTYPE") {
      return ("XML or HTML", "give the trace file that it was made from")
    }
    return nil
  }
}
