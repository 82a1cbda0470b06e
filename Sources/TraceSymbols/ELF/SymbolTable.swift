internal import OSStrings

/// The functions of an image by offset in its file, or of the kernel by address.
///
/// A lookup is a binary search. Memory: 16 bytes for each function and the file's string table; if
/// functions overlap, 12 to 24 bytes more for each function.
public struct SymbolTable: Sendable {
  // Stored as columns, because there may be a million functions.
  let starts: [UInt64]
  let sizes: [UInt32]
  let nameOffsets: [UInt32]
  let names: StringTable
  /// Empty if no functions overlap. Otherwise the offsets at which the innermost function changes,
  /// with its index or `noOwner`.
  let boundaries: [UInt64]
  /// `noOwner` if there is none.
  let owners: [UInt32]

  static let noOwner = UInt32.max

  public static let empty = SymbolTableBuilder().build()

  public var count: Int { starts.count }
  public var isEmpty: Bool { starts.isEmpty }

  /// The memory that the table takes.
  public var byteCount: Int {
    starts.capacity * 8 + (sizes.capacity + nameOffsets.capacity) * 4 + names.byteCount
      + boundaries.capacity * 8 + owners.capacity * 4
  }

  /// The index of the function that contains this offset; of several, the one that begins last.
  public func index(at offset: UInt64) -> Int? {
    if !boundaries.isEmpty {
      let piece = Self.last(in: boundaries, notAbove: offset)
      guard piece >= 0, owners[piece] != Self.noOwner else { return nil }
      return Int(owners[piece])
    }
    let index = Self.last(in: starts, notAbove: offset)
    guard index >= 0, offset - starts[index] < UInt64(sizes[index]) else { return nil }
    return index
  }

  /// The function at this offset; see `index(at:)`.
  public func lookup(_ offset: UInt64) -> FunctionSymbol? { index(at: offset).map { self[$0] } }

  /// The functions in order of offset.
  public subscript(index: Int) -> FunctionSymbol {
    FunctionSymbol(offset: starts[index], size: UInt64(sizes[index]), name: name(of: index))
  }

  /// Returns the raw name, without a version, as a string of the operating system, which need not
  /// be UTF-8. Each call creates a string; keep it if it is needed often.
  public func name(of index: Int) -> String {
    names.withBytes(at: nameOffsets[index], limit: SymbolLimits.nameLength) { name in
      let length = SymbolVersion.nameLength(name)
      return String(osBytes: UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: name[..<length])))
    }
  }

  /// The index of the last element that is not greater; -1 if all are.
  private static func last(in sorted: [UInt64], notAbove value: UInt64) -> Int {
    sorted.withUnsafeBufferPointer { elements in
      var low = 0
      var high = elements.count
      while low < high {
        let middle = (low + high) >> 1
        if elements[middle] <= value { low = middle + 1 } else { high = middle }
      }
      return low - 1
    }
  }
}
