extension StackFrame {
  /// The frame without what differs from run to run: process ids, tiers of a JIT compiler, and
  /// addresses that runtimes put into names.
  var inAnyRun: StackFrame {
    var frame = self
    frame.place = ""
    switch kind {
    case .process, .thread: frame.function = function.withoutID
    case .function:
      frame.mark = ""
      frame.function = function.withoutAddress
    case .unresolved, .group, .state: break
    }
    return frame
  }
}

extension String {
  /// `java` for `java (1234)`.
  fileprivate var withoutID: String {
    guard utf8.last == UInt8(ascii: ")"), let open = lastIndex(of: "("), open > startIndex
    else { return self }
    return String(self[..<index(before: open)])
  }

  /// `LambdaForm$MH/0x….invoke` for `LambdaForm$MH/0x00007f93d8002000.invoke`.
  var withoutAddress: String {
    let mark: [UInt8] = [UInt8(ascii: "/"), UInt8(ascii: "0"), UInt8(ascii: "x")]
    guard utf8.contains(mark[0]) else { return self }
    let bytes = Array(utf8)
    var result: [UInt8] = []
    var place = 0
    while place < bytes.count {
      if place + 3 <= bytes.count, Array(bytes[place..<place + 3]) == mark {
        var end = place + 3
        while end < bytes.count, bytes[end].isHexadecimal { end += 1 }
        // Short ones are not addresses.
        if end - place > 3 + 5 {
          result += mark + Array("…".utf8)
          place = end
          continue
        }
      }
      result.append(bytes[place])
      place += 1
    }
    return String(decoding: result, as: UTF8.self)
  }
}

extension UInt8 {
  fileprivate var isHexadecimal: Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self)
      || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(self | 0x20)
  }
}
