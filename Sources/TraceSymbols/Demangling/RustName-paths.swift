extension RustName {
  /// - Parameter inValue: if true, a value may occur here, so generic arguments need a `::` before
  ///   them.
  mutating func printPath(inValue: Bool) throws(Failure) {
    try nested { name throws(Failure) in
      switch Unicode.Scalar(try name.next()) {
      case "C":
        _ = try name.disambiguator()
        try name.write(try name.identifier())
      case "N": try name.printMember(inValue: inValue)
      case "M":
        try name.skipImplementation()
        try name.printQualified(hasTrait: false)
      case "X":
        try name.skipImplementation()
        try name.printQualified(hasTrait: true)
      case "Y": try name.printQualified(hasTrait: true)
      case "I":
        try name.printPath(inValue: inValue)
        try name.write(inValue ? "::<" : "<")
        try name.list(", ") { name throws(Failure) in try name.printArgument() }
        try name.write(">")
      case "B":
        try name.backReference { name throws(Failure) in try name.printPath(inValue: inValue) }
      default: throw Failure()
      }
    }
  }

  /// A nested item. Upper-case kinds have no names in the language.
  private mutating func printMember(inValue: Bool) throws(Failure) {
    let kind = try next()
    guard (65...90).contains(kind) || (97...122).contains(kind) else { throw Failure() }
    try printPath(inValue: inValue)
    let number = try disambiguator()
    let identifier = try identifier()
    guard kind < 97 else {
      if !identifier.isEmpty { try write("::\(identifier)") }
      return
    }
    let word =
      switch Unicode.Scalar(kind) {
      case "C": "closure"
      case "S": "shim"
      default: String(Unicode.Scalar(kind))
      }
    try write("::{\(word)\(identifier.isEmpty ? "" : ":")\(identifier)#\(number)}")
  }

  /// The location of an implementation is skipped, because its type is more informative.
  private mutating func skipImplementation() throws(Failure) {
    _ = try disambiguator()
    try skipping { name throws(Failure) in try name.printPath(inValue: false) }
  }

  private mutating func printQualified(hasTrait: Bool) throws(Failure) {
    try write("<")
    try printType()
    if hasTrait {
      try write(" as ")
      try printPath(inValue: false)
    }
    try write(">")
  }

  private mutating func printArgument() throws(Failure) {
    if eat("L") { return try printLifetime(try base62()) }
    if eat("K") { return try printConstant(inValue: false) }
    try printType()
  }

  /// The number counts from the innermost named lifetime; 0 has no name.
  mutating func printLifetime(_ index: UInt64) throws(Failure) {
    if index == 0 { return try write("'_") }
    // References in skipped parts are not followed, and lifetimes around them are not counted.
    guard index <= boundLifetimes else { throw Failure() }
    let depth = boundLifetimes - index
    try write(depth < 26 ? "'\(Unicode.Scalar(97 + UInt8(depth)))" : "'_\(depth)")
  }

  /// The lifetimes of `for<'a, 'b> `, and the item that uses them.
  mutating func binding(_ body: (inout Self) throws(Failure) -> Void) throws(Failure) {
    let count = try optionalBase62("G")
    // Each lifetime is used, so there are no more than the name has letters.
    guard count <= UInt64(SymbolLimits.nameLength) else { throw Failure() }
    if count > 0 {
      try write("for<")
      for index in 0..<count {
        if index > 0 { try write(", ") }
        boundLifetimes += 1
        try printLifetime(1)
      }
      try write("> ")
    }
    try body(&self)
    boundLifetimes -= count
  }

  /// A trait of a `dyn`, with its associated types.
  mutating func printBound() throws(Failure) {
    var isOpen = try printPathLeavingArgumentsOpen()
    while eat("p") {
      try write(isOpen ? ", " : "<")
      isOpen = true
      try write("\(try identifier()) = ")
      try printType()
    }
    if isOpen { try write(">") }
  }

  private mutating func printPathLeavingArgumentsOpen() throws(Failure) -> Bool {
    var isOpen = false
    if eat("B") {
      try backReference { name throws(Failure) in
        isOpen = try name.printPathLeavingArgumentsOpen()
      }
    } else if eat("I") {
      try printPath(inValue: false)
      try write("<")
      try list(", ") { name throws(Failure) in try name.printArgument() }
      isOpen = true
    } else {
      try printPath(inValue: false)
    }
    return isOpen
  }
}
