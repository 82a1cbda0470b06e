internal import Glibc

/// The version that `.symtab` has behind a name, as `localeconv@@GLIBC_2.2.5`: the assembler's
/// `.symver` puts it there. Nobody calls a function so.
enum SymbolVersion {
  private static let mark = UInt8(ascii: "@")
  /// What stubs have behind the name of what they call.
  private static let stub = Array("@plt".utf8)

  /// How many bytes of a name stand before its version; all, where it has none.
  static func nameLength(_ name: UnsafeBufferPointer<UInt8>) -> Int {
    // One at the beginning is the name's own, and names of Windows' mangling are full of them.
    guard let start = name.baseAddress, name.count > 1, name[0] != UInt8(ascii: "?"),
      let found = memchr(start + 1, CInt(mark), name.count - 1)
    else { return name.count }
    let length = UnsafeRawPointer(found) - UnsafeRawPointer(start)
    return name[length...].elementsEqual(stub) ? name.count : length
  }
}
