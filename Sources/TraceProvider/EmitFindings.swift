import CTraceShims
import Synchronization
import TraceEvents

/// Errors found by emitters, to be reported by the control thread. The number of entries is fixed
/// and each is filled once, because an emitter may be a signal handler.
enum EmitFindings {
  enum Kind {
    /// The provider's description has no event with this id.
    case undescribed
    /// The description has another type for this id.
    case otherType
    case encoding(EncodingMismatch)
  }

  struct Finding {
    var provider: RegisteredProvider
    var id: Int
    /// The Swift type that was emitted.
    var type: UInt
    var kind: Kind
  }

  private static let capacity = 64
  private static let taken = Atomic<Int>(0)
  private static let isReady = {
    let flags = UnsafeMutablePointer<UInt32>.allocate(capacity: capacity)
    flags.initialize(repeating: 0, count: capacity)
    return UInt(bitPattern: flags)
  }()
  private static let places = {
    UInt(bitPattern: UnsafeMutablePointer<Finding>.allocate(capacity: capacity))
  }()

  /// Used only on the control thread.
  nonisolated(unsafe) private static var takenCount = 0

  private static func flag(_ index: Int) -> UnsafeMutablePointer<UInt32> {
    UnsafeMutablePointer(bitPattern: isReady)! + index
  }

  private static func place(_ index: Int) -> UnsafeMutablePointer<Finding> {
    UnsafeMutablePointer(bitPattern: places)! + index
  }

  /// Called on the control thread before the first post, because a signal handler must not
  /// allocate.
  static func prepare() { _ = (isReady, places) }

  static func post(_ finding: Finding) {
    let index = taken.add(1, ordering: .relaxed).oldValue
    guard index < capacity else { return }
    place(index).initialize(to: finding)
    trace_store_u32(flag(index), 1)
    ControlThread.wakeFromEmitter()
  }

  /// Called on the control thread. Returns new findings in the order of their discovery.
  static func takeNew() -> [Finding] {
    let found = all
    defer { takenCount = found.count }
    return Array(found[takenCount...])
  }

  /// All findings so far, up to the first that is not complete yet.
  static var all: [Finding] {
    var found: [Finding] = []
    for index in 0..<min(taken.load(ordering: .relaxed), capacity) {
      guard trace_load_u32(flag(index)) == 1 else { break }
      found.append(place(index).pointee)
    }
    return found
  }
}

extension EmitFindings.Finding {
  /// The error and its remedy, for the provider's author.
  var text: String {
    let swiftType = unsafeBitCast(type, to: Any.Type.self)
    let name = provider.schema.events.first { Int($0.id) == id }?.name ?? "\(id)"
    switch kind {
    case .undescribed:
      let claimed = (swiftType as? any TraceEvent.Type)?.schema.provider ?? provider.schema.name
      let owner =
        claimed == provider.schema.name
        ? "is not among the provider's events; add it to its ProviderDescription"
        : "is an event of provider '\(claimed)'; emit it there"
      return "\(swiftType) (id \(id)) \(owner). Its events are not recorded"
    case .otherType:
      return "\(swiftType) is emitted with id \(id), which belongs to the event \(name); "
        + "give it a different id. Its events are not recorded"
    case .encoding(let mismatch):
      let fields = provider.schema.events.first { Int($0.id) == id }?.fields ?? []
      return "encode of the event \(name) \(mismatch.text(fields))"
    }
  }
}

extension EncodingMismatch {
  fileprivate func text(_ fields: [FieldSchema]) -> String {
    switch self {
    case .count(let written):
      "writes \(written) values, and its schema has \(fields.count) fields; "
        + "write one value for each field. Its events are not recorded"
    case .kind(let position, let written):
      "writes \(written.text) as value \(position + 1), where its schema has "
        + "the field '\(fields[position].name)'; write the fields in the schema's order and "
        + "types. Its events are not recorded"
    case .width(let position, let written):
      "writes \(written.text) for the field '\(fields[position].name)', which has fewer bits; "
        + "larger values are cut. Give the field the type that encode writes"
    }
  }
}

extension EncodedShape {
  fileprivate var text: String {
    if isArray { return "an array of " + element.plural }
    if let bits = integerBits { return bits == 8 ? "an 8-bit integer" : "a \(bits)-bit integer" }
    return switch self {
    case .bool: "a Bool"
    case .float: "a Float"
    case .double: "a Double"
    default: "a string or bytes"
    }
  }

  private var plural: String {
    if let bits = integerBits { return "\(bits)-bit integers" }
    return switch self {
    case .bool: "Bools"
    case .float: "Floats"
    case .double: "Doubles"
    default: "strings or bytes"
    }
  }
}
