extension RustName {
  private static func basicType(_ letter: UInt8) -> String? {
    switch Unicode.Scalar(letter) {
    case "a": "i8"
    case "b": "bool"
    case "c": "char"
    case "d": "f64"
    case "e": "str"
    case "f": "f32"
    case "h": "u8"
    case "i": "isize"
    case "j": "usize"
    case "l": "i32"
    case "m": "u32"
    case "n": "i128"
    case "o": "u128"
    case "p": "_"
    case "s": "i16"
    case "t": "u16"
    case "u": "()"
    case "v": "..."
    case "x": "i64"
    case "y": "u64"
    case "z": "!"
    default: nil
    }
  }

  mutating func printType() throws(Failure) {
    if let letter = peek, let basic = Self.basicType(letter) {
      _ = try next()
      return try write(basic)
    }
    try nested { name throws(Failure) in try name.printCompoundType() }
  }

  private mutating func printCompoundType() throws(Failure) {
    if eat("R") { return try printReference("") }
    if eat("Q") { return try printReference("mut ") }
    if eat("P") { return try printPrefixed("*const ") }
    if eat("O") { return try printPrefixed("*mut ") }
    if eat("A") { return try printArray(hasLength: true) }
    if eat("S") { return try printArray(hasLength: false) }
    if eat("T") {
      try write("(")
      let count = try list(", ") { name throws(Failure) in try name.printType() }
      return try write(count == 1 ? ",)" : ")")
    }
    if eat("F") {
      return try binding { name throws(Failure) in try name.printFunction() }
    }
    if eat("D") { return try printDynamic() }
    if eat("B") {
      return try backReference { name throws(Failure) in try name.printType() }
    }
    try printPath(inValue: false)
  }

  private mutating func printPrefixed(_ prefix: String) throws(Failure) {
    try write(prefix)
    try printType()
  }

  private mutating func printReference(_ mark: String) throws(Failure) {
    try write("&")
    if eat("L") {
      let lifetime = try base62()
      if lifetime != 0 {
        try printLifetime(lifetime)
        try write(" ")
      }
    }
    try printPrefixed(mark)
  }

  private mutating func printArray(hasLength: Bool) throws(Failure) {
    try write("[")
    try printType()
    if hasLength {
      try write("; ")
      try printConstant(inValue: true)
    }
    try write("]")
  }

  private mutating func printFunction() throws(Failure) {
    if eat("U") { try write("unsafe ") }
    if eat("K") {
      let convention = eat("C") ? "C" : try identifier()
      // Names cannot contain hyphens.
      try write("extern \"\(String(convention.map { $0 == "_" ? "-" : $0 }))\" ")
    }
    try write("fn(")
    try list(", ") { name throws(Failure) in try name.printType() }
    try write(")")
    if eat("u") { return }
    try write(" -> ")
    try printType()
  }

  private mutating func printDynamic() throws(Failure) {
    try write("dyn ")
    try binding { name throws(Failure) in
      try name.list(" + ") { name throws(Failure) in try name.printBound() }
    }
    guard eat("L") else { throw Failure() }
    let lifetime = try base62()
    if lifetime != 0 {
      try write(" + ")
      try printLifetime(lifetime)
    }
  }
}
