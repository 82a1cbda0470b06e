internal import Glibc

/// The version after a name in `.symtab`, as in `localeconv@@GLIBC_2.2.5`, written by the
/// assembler's `.symver`. It is not part of the function's name.
enum SymbolVersion {
  private static let mark = UInt8(ascii: "@")
  /// The suffix of a stub's name.
  private static let stub = Array("@plt".utf8)

  /// The number of bytes before a name's version; all bytes if it has none.
  static func nameLength(_ name: UnsafeBufferPointer<UInt8>) -> Int {
    // An `@` at the beginning belongs to the name, and Windows' mangled names contain many.
    guard let start = name.baseAddress, name.count > 1, name[0] != UInt8(ascii: "?"),
      let found = memchr(start + 1, CInt(mark), name.count - 1)
    else { return name.count }
    let length = UnsafeRawPointer(found) - UnsafeRawPointer(start)
    return name[length...].elementsEqual(stub) ? name.count : length
  }
}
