import TraceExport
import ArgumentParser

/// A length of time: `10s`, `500ms`, `2m`, `1h30m`, `1.5s`; a bare number is seconds.
struct TimeSpan: Hashable {
  var nanoseconds: Int64

  var seconds: Double { Double(nanoseconds) / 1e9 }

  private static let units: [(name: String, nanoseconds: Double)] = [
    ("ns", 1), ("us", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 60e9), ("h", 3600e9),
  ]

  init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  init?(_ text: String) {
    var rest = Substring(text)
    var total = 0.0
    repeat {
      let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
      rest = rest.dropFirst(digits.count)
      let unit = rest.prefix { $0.isASCII && $0.isLetter }
      rest = rest.dropFirst(unit.count)
      let isBareNumber = unit.isEmpty && digits.count == text.count
      guard let number = Double(digits),
        let scale = isBareNumber ? 1e9 : Self.units.first(where: { $0.name == unit })?.nanoseconds
      else { return nil }
      total += number * scale
    } while !rest.isEmpty
    guard let nanoseconds = Int64(exactly: total.rounded()) else { return nil }
    self.nanoseconds = nanoseconds
  }
}

extension TimeSpan: ExpressibleByArgument {
  init?(argument: String) { self.init(argument) }

  var defaultValueDescription: String { "\(seconds)s" }
}

/// A number of bytes: `4MB`, `512K`, `1G`, `65536`; units are powers of 1024.
struct ByteSize: Hashable {
  var bytes: Int

  init(bytes: Int) { self.bytes = bytes }

  init?(_ text: String) {
    let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    let shift: Int
    switch text.dropFirst(digits.count).lowercased() {
    case "", "b": shift = 0
    case "k", "kb", "kib": shift = 10
    case "m", "mb", "mib": shift = 20
    case "g", "gb", "gib": shift = 30
    default: return nil
    }
    guard let number = Double(digits),
      let bytes = Int(exactly: (number * Double(1 << shift)).rounded()), bytes > 0
    else { return nil }
    self.bytes = bytes
  }
}

extension ByteSize: ExpressibleByArgument {
  init?(argument: String) { self.init(argument) }

  var defaultValueDescription: String {
    readableBytes(UInt64(bytes)).replacing(".00 ", with: "")
  }
}

/// A list of process or thread ids: `12`, `12,13`.
struct IDList: Hashable, ExpressibleByArgument {
  var ids: [UInt32]

  init?(argument: String) {
    var ids: [UInt32] = []
    for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
      guard let id = UInt32(part), id > 0, id <= UInt32(Int32.max) else { return nil }
      ids.append(id)
    }
    self.ids = ids
  }
}
