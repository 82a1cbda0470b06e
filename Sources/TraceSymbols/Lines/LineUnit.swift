internal import CDW

/// A compilation unit: its line table, and its functions with their inlined calls, each read when
/// first needed.
final class LineUnit {
  private var unit: Dwarf_Die
  /// Lines below this address may belong to code that the linker dropped.
  private let soundFrom: UInt64
  private let hasLines: Bool
  private let files: OpaquePointer?
  private let fileCount: Int
  private let functions: AddressRanges
  private let dwarf: OpaquePointer
  private var trees: [UInt64: InlineTree] = [:]
  /// The approximate size of the decoded data.
  private(set) var byteCount = 0

  /// The size of a line in libdw.
  private static let lineBytes = 40

  /// - Parameter ranges: the units' address ranges that are code of the image.
  init(_ unit: Dwarf_Die, of file: DwarfFile, ranges: AddressRanges, codeStart: UInt64) {
    self.unit = unit
    dwarf = file.dwarf
    var (lines, count) = (OpaquePointer?.none, 0)
    hasLines =
      file.canReadLines(of: &self.unit) && dwarf_getsrclines(&self.unit, &lines, &count) == 0
    var (files, fileCount) = (OpaquePointer?.none, 0)
    if !hasLines || dwarf_getsrcfiles(&self.unit, &files, &fileCount) != 0 { fileCount = 0 }
    self.files = files
    self.fileCount = fileCount
    soundFrom = hasLines ? Self.soundFrom(lines, count, ranges, codeStart) : 0
    functions = Self.functions(of: self.unit)
    byteCount = count * Self.lineBytes + functions.byteCount
  }

  /// Linkers keep the lines of dropped code, moved to address 0 or nearby. If the end of such a
  /// sequence is inside code, it is not the end of a unit. libdw puts all lines into one table.
  private static func soundFrom(
    _ lines: OpaquePointer?, _ count: Int, _ ranges: AddressRanges, _ codeStart: UInt64
  ) -> UInt64 {
    guard var address = address(lines, 0), address < codeStart else { return 0 }
    var sound: UInt64 = 0
    for index in 0..<count {
      guard let line = dwarf_onesrcline(lines, index) else { break }
      var isEnd = false
      guard dwarf_lineendsequence(line, &isEnd) == 0, isEnd,
        dwarf_lineaddr(line, &address) == 0, address > codeStart, !ranges.hasEnd(address)
      else { continue }
      sound = max(sound, address)
    }
    return sound
  }

  private static func address(_ lines: OpaquePointer?, _ index: Int) -> UInt64? {
    var address: Dwarf_Addr = 0
    guard let lines, let line = dwarf_onesrcline(lines, index),
      dwarf_lineaddr(line, &address) == 0
    else { return nil }
    return address
  }

  private static func functions(of unit: Dwarf_Die) -> AddressRanges {
    var functions = AddressRanges()
    var budget = LineLimits.entries
    var rangeBudget = LineLimits.ranges
    func collect(_ parent: Dwarf_Die, depth: Int, _ budget: inout Int) {
      parent.forEachChild(&budget) { child, budget in
        let tag = child.tag
        if tag == DW_TAG_subprogram {
          let offset = child.offset
          child.forEachRange(&rangeBudget) { functions.add($0, $1, offset) }
        }
        if holdsFunctions(tag), depth < LineLimits.depth {
          collect(child, depth: depth + 1, &budget)
        }
      }
    }
    collect(unit, depth: 0, &budget)
    functions.seal()
    return functions
  }

  /// Closures and local functions are inside the functions around them.
  private static func holdsFunctions(_ tag: Int) -> Bool {
    switch tag {
    case DW_TAG_namespace, DW_TAG_module, DW_TAG_structure_type, DW_TAG_class_type,
      DW_TAG_union_type, DW_TAG_enumeration_type, DW_TAG_subprogram, DW_TAG_lexical_block:
      true
    default: false
    }
  }

  /// The unit's information about an address.
  func frames(at address: UInt64) -> SourceFrames {
    let own = line(at: address)
    var frames = SourceFrames(line: own)
    guard let tree = tree(at: address) else { return frames }
    for call in tree.calls(at: address) {
      // The line of a call is in the enclosing function.
      if frames.inlined.isEmpty {
        frames.line = call.line
      } else {
        frames.inlined[frames.inlined.count - 1].line = call.line
      }
      frames.inlined.append(InlinedFunction(name: call.name, line: own))
    }
    return frames
  }

  private func tree(at address: UInt64) -> InlineTree? {
    guard let function = functions.innermost(address) else { return nil }
    if let known = trees[function.value] { return known }
    var entry = Dwarf_Die()
    guard dwarf_offdie(dwarf, function.value, &entry) != nil else { return nil }
    let tree = InlineTree(of: entry) { self.file($0) }
    byteCount += tree.byteCount
    trees[function.value] = tree
    return tree
  }

  private func line(at address: UInt64) -> SourceLine? {
    guard hasLines, address >= soundFrom, let line = dwarf_getsrc_die(&unit, address) else {
      return nil
    }
    var number: CInt = 0
    guard dwarf_lineno(line, &number) == 0, number > 0,
      let path = dwarf_linesrc(line, nil, nil)
    else { return nil }
    return SourceLine(
      file: bounded(path, LineLimits.pathLength), line: UInt32(truncatingIfNeeded: number))
  }

  /// A file of the line table, by number.
  private func file(_ number: UInt64) -> String? {
    guard let files, number < UInt64(fileCount),
      let path = dwarf_filesrc(files, Int(number), nil, nil)
    else { return nil }
    return bounded(path, LineLimits.pathLength)
  }
}
