internal import TraceEvents

/// What belongs to an event apart from its fields: activities and other labels.
struct NetLabels {
  var activity = NetGuid()
  var related = NetGuid()
  var trace = NetGuid()
  var span: UInt64 = 0
  /// Labels with names: "key=value; …".
  var pairs = ""
  /// Whether labels change the event's level, keywords, opcode or version.
  var hasOverrides = false

  static let combinations = 32

  private enum Bit {
    static let activity = 1
    static let related = 2
    static let trace = 4
    static let span = 8
    static let pairs = 16
  }

  init() {}

  /// The labels of an event of versions 4 and 5.
  init(_ row: NetRow) { (activity, related) = (row.activity, row.related) }

  /// Reads a list of version 6, which ends with a label that has a mark.
  init(list bytes: UnsafeRawBufferPointer) {
    var cursor = NetCursor(bytes)
    var isLast = false
    while !isLast, cursor.rest > 0 { isLast = read(&cursor) }
  }

  /// Reads a label; returns whether it is the list's last.
  private mutating func read(_ cursor: inout NetCursor) -> Bool {
    let kind = cursor.take(UInt8.self)
    switch kind & 0x7f {
    case 1: activity = cursor.guid()
    case 2: related = cursor.guid()
    case 3: trace = cursor.guid()
    case 4: span = cursor.take()
    case 5: add(cursor.name8(), cursor.name8())
    case 6: add(cursor.name8(), "\(cursor.signedVarint())")
    case 7, 9, 10:
      cursor.skip(1)
      hasOverrides = true
    case 8:
      cursor.skip(8)
      hasOverrides = true
    default: cursor.end()
    }
    return kind & 0x80 != 0
  }

  private mutating func add(_ key: String, _ value: String) {
    guard pairs.utf8.count < 4096 else { return }
    pairs += (pairs.isEmpty ? "" : "; ") + "\(key)=\(value)"
  }

  /// Passes over a list; sets the cursor's end if it cannot be read.
  static func skip(_ cursor: inout NetCursor) {
    var isLast = false
    while !isLast, !cursor.isShort {
      let kind = cursor.take(UInt8.self)
      isLast = kind & 0x80 != 0
      switch kind & 0x7f {
      case 1, 2, 3: cursor.skip(16)
      case 4, 8: cursor.skip(8)
      case 5:
        for _ in 0..<2 { _ = cursor.slice(Int(clamping: cursor.varint())) }
      case 6:
        _ = cursor.slice(Int(clamping: cursor.varint()))
        _ = cursor.varint()
      case 7, 9, 10: cursor.skip(1)
      default: cursor.end()
      }
    }
  }

  // MARK: Fields

  /// Which labels there are, as bits.
  @inline(__always)
  var bits: Int {
    (activity.isZero ? 0 : Bit.activity) | (related.isZero ? 0 : Bit.related)
      | (trace.isZero ? 0 : Bit.trace) | (span == 0 ? 0 : Bit.span)
      | (pairs.isEmpty ? 0 : Bit.pairs)
  }

  /// Whether labels say to which activity an event belongs.
  static func nameActivity(_ bits: Int) -> Bool { bits & (Bit.activity | Bit.trace) != 0 }

  /// The fields that are appended to an event with these labels.
  static func fields(_ bits: Int) -> [FieldSchema] {
    var fields: [FieldSchema] = []
    func add(_ bit: Int, _ name: String, _ hint: FieldHint = .none) {
      if bits & bit != 0 { fields.append(FieldSchema(name, .string, hint)) }
    }
    add(Bit.activity, "activityID", .activity)
    add(Bit.related, "relatedActivityID")
    add(Bit.trace, "traceID", bits & Bit.activity == 0 ? .activity : .none)
    add(Bit.span, "spanID")
    add(Bit.pairs, "labels")
    return fields
  }

  /// Writes these fields.
  func encode(_ encoder: inout EventEncoder) {
    for guid in [activity, related] where !guid.isZero {
      var text: [UInt8] = []
      NetText.append(guid: guid.high, guid.low, to: &text)
      encoder.encode(text)
    }
    if !trace.isZero {
      var text: [UInt8] = []
      for half in [trace.high, trace.low] {
        NetText.append(hexadecimal: half.byteSwapped, digits: 16, to: &text)
      }
      encoder.encode(text)
    }
    if span != 0 {
      var text: [UInt8] = []
      NetText.append(hexadecimal: span.byteSwapped, digits: 16, to: &text)
      encoder.encode(text)
    }
    if !pairs.isEmpty { encoder.encode(pairs) }
  }
}
