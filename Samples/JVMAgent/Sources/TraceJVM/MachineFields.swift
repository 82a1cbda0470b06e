import Glibc

/// The fields of the machine's objects, as HotSpot describes them in its library for debuggers
/// (`gHotSpotVMStructs`).
///
/// - Guarantee: a field that this version of the machine does not have is nil; nothing is guessed.
struct MachineFields {
  private struct Key: Hashable {
    var type: String
    var name: String
  }

  private enum Place {
    case offset(Int)
    case address(UnsafeRawPointer)
  }

  private static let entriesMax = 1 << 16

  private var places: [Key: Place] = [:]

  /// Reads the descriptions of the fields of some types.
  init?(ofTypes types: Set<String>) {
    guard let library = dlopen("libjvm.so", RTLD_NOLOAD | RTLD_LAZY) else { return nil }
    defer { dlclose(library) }
    func word(_ name: String) -> UInt64? {
      dlsym(library, name)?.load(as: UInt64.self)
    }
    func distance(_ part: String) -> Int? { word("gHotSpotVMStructEntry" + part).map(Int.init) }
    guard
      let start = word("gHotSpotVMStructs").flatMap({ UnsafeRawPointer(bitPattern: UInt($0)) }),
      let typeName = distance("TypeNameOffset"), let fieldName = distance("FieldNameOffset"),
      let isStatic = distance("IsStaticOffset"), let offset = distance("OffsetOffset"),
      let address = distance("AddressOffset"), let stride = distance("ArrayStride"), stride > 0
    else { return nil }
    for number in 0..<Self.entriesMax {
      let entry = start + number * stride
      guard let type = entry.load(fromByteOffset: typeName, as: UnsafePointer<CChar>?.self),
        let name = entry.load(fromByteOffset: fieldName, as: UnsafePointer<CChar>?.self)
      else { break }
      let owner = String(cString: type)
      guard types.contains(owner) else { continue }
      let key = Key(type: owner, name: String(cString: name))
      if entry.load(fromByteOffset: isStatic, as: Int32.self) != 0 {
        places[key] = entry.load(fromByteOffset: address, as: UnsafeRawPointer?.self)
          .map { .address($0) }
      } else {
        places[key] = .offset(Int(entry.load(fromByteOffset: offset, as: UInt64.self)))
      }
    }
  }

  /// The place of a field in its object; nil if there is none.
  func offset(_ type: String, _ name: String) -> Int? {
    guard case .offset(let offset)? = places[Key(type: type, name: name)] else { return nil }
    return offset
  }

  /// The place of a static field; nil if there is none.
  func address(_ type: String, _ name: String) -> UnsafeRawPointer? {
    guard case .address(let address)? = places[Key(type: type, name: name)] else { return nil }
    return address
  }
}
