internal import CDW
internal import Glibc
internal import OSStrings

/// An entry (DIE), read through libdw's functions, which check every offset.
extension Dwarf_Die {
  var tag: Int { withCopy { Int(dwarf_tag($0)) } }

  /// Its offset in `.debug_info`.
  var offset: UInt64 { withCopy { dwarf_dieoffset($0) } }

  private func withCopy<Result>(_ body: (UnsafeMutablePointer<Dwarf_Die>) -> Result) -> Result {
    var copy = self
    return body(&copy)
  }

  /// Calls `body` with each child until it returns false.
  ///
  /// - Parameter budget: the number of entries that may still be read.
  func forEachChild(_ budget: inout Int, _ body: (Dwarf_Die, inout Int) -> Void) {
    var parent = self
    var child = Dwarf_Die()
    guard dwarf_child(&parent, &child) == 0 else { return }
    while budget > 0 {
      budget -= 1
      body(child, &budget)
      var next = Dwarf_Die()
      guard dwarf_siblingof(&child, &next) == 0, next.offset > child.offset else { return }
      child = next
    }
  }

  /// Its ranges of addresses.
  ///
  /// - Parameter budget: the number of ranges that may still be read.
  func forEachRange(_ budget: inout Int, _ body: (UInt64, UInt64) -> Void) {
    var entry = self
    var (base, start, end) = (Dwarf_Addr(), Dwarf_Addr(), Dwarf_Addr())
    var next = dwarf_ranges(&entry, 0, &base, &start, &end)
    while next > 0, budget > 0 {
      budget -= 1
      body(start, end)
      next = dwarf_ranges(&entry, next, &base, &start, &end)
    }
  }

  /// The linkage name, else the source name; "" if there is none.
  var functionName: String {
    for name in [DW_AT_linkage_name, DW_AT_MIPS_linkage_name, DW_AT_name] {
      if let text = string(UInt32(name)), !text.isEmpty { return text }
    }
    return ""
  }

  /// An attribute of this entry, or of the entry that it is an instance of.
  private func string(_ name: UInt32) -> String? {
    var entry = self
    var attribute = Dwarf_Attribute()
    guard dwarf_attr_integrate(&entry, name, &attribute) != nil,
      let text = dwarf_formstring(&attribute)
    else { return nil }
    return bounded(text, SymbolLimits.nameLength)
  }

  /// A numeric attribute of this entry; 0 if there is none.
  func number(_ name: Int) -> UInt64 {
    var entry = self
    var attribute = Dwarf_Attribute()
    var value: Dwarf_Word = 0
    guard dwarf_attr(&entry, UInt32(name), &attribute) != nil,
      dwarf_formudata(&attribute, &value) == 0
    else { return 0 }
    return value
  }
}

/// Returns a name or a path of a file, truncated to `limit` bytes.
func bounded(_ text: UnsafePointer<CChar>, _ limit: Int) -> String {
  String(osBytes: UnsafeRawBufferPointer(start: text, count: strnlen(text, limit)))
}
