/// Returns an integer with thousands separators: `12,345,678`.
package func grouped(_ value: UInt64) -> String {
  let digits = Array("\(value)".utf8)
  var text: [UInt8] = []
  for (index, digit) in digits.enumerated() {
    if index > 0, (digits.count - index) % 3 == 0 { text.append(UInt8(ascii: ",")) }
    text.append(digit)
  }
  return String(decoding: text, as: UTF8.self)
}

/// Returns a count with its noun: `1 function`, `2 functions`.
package func counted(_ count: some BinaryInteger, _ one: String, _ many: String? = nil) -> String {
  "\(grouped(UInt64(clamping: count))) \(count == 1 ? one : many ?? one + "s")"
}
