internal import TraceEvents
internal import TraceFormat

/// The stacks of a profile's samples, as addresses of a ``ProfileTrace``.
///
/// Each line of a location is a frame: the calls that were inlined there, and the function itself.
/// A location without lines is its address in the program.
///
/// - Cost: 5 bytes for each location; its lines are read again only when it is met first.
struct PprofStacks {
  private let profile: PprofProfile
  /// What is left to be expanded.
  var budget: PprofBudget
  /// The first slot of each location's lines, by position, and their number.
  private var slots: [UInt32]
  private var lineCounts: [UInt8]
  /// The number of each mapping, and its module.
  private var modules: [UInt64: (number: Int, module: Int)] = [:]
  /// Numbers of frames whose location does not exist, or whose names a trace cannot hold.
  private(set) var missing = 0
  private(set) var unnamed = 0
  /// Number of lines that a location has beyond ``ProfileCode/linesMax``.
  private(set) var cutLines = 0
  /// Number of stacks that end early, and of lines without names, because there are too many.
  private(set) var cutStacks = 0
  private(set) var cutNames = 0
  /// Number of mappings whose build ids are none of the linker's.
  private(set) var otherBuildIDs = 0

  private static let mappingsMax = 65_536
  /// Number of fields of a function, and of a place without lines, that are read. They are read
  /// each time that they are referred to, and have at most five.
  private static let fieldsMax = 64
  private static let unknown: UInt8 = 255
  private static let isAddress: UInt8 = 254

  init(_ profile: PprofProfile) {
    self.profile = profile
    budget = PprofBudget(bytes: profile.bytes.count)
    slots = [UInt32](repeating: 0, count: profile.locations.count)
    lineCounts = [UInt8](repeating: Self.unknown, count: profile.locations.count)
  }

  /// Writes a stack to `stack`, innermost frame first.
  mutating func make(
    _ locations: [UInt64], process: UInt32, _ trace: ProfileTrace, _ stack: inout [UInt64]
  ) {
    stack.removeAll(keepingCapacity: true)
    for id in locations {
      guard stack.count <= ProfileTrace.framesMax else { break }
      guard budget.hasFrames else {
        cutStacks += 1
        stack.append(StackNode.lostAddress)
        break
      }
      guard let position = profile.locations.position(id) else {
        missing += 1
        continue
      }
      if lineCounts[position] == Self.unknown { name(position, process, trace) }
      if lineCounts[position] == Self.isAddress {
        let inner = stack.last
        guard let address = place(position, process, trace) else {
          unnamed += 1
          continue
        }
        // A profile's address is that of the call, a trace's that behind it.
        let isCaller = inner.map { StackAddress.isKernel($0) == StackAddress.isKernel(address) }
        stack.append(isCaller == true ? address &+ 1 : address)
        budget.take(frames: 1)
      } else {
        budget.take(frames: 1 + Int(lineCounts[position]))
        for line in 0..<UInt32(lineCounts[position]) {
          stack.append(ProfileCode.address(slots[position] + line))
        }
      }
    }
  }

  private mutating func name(_ position: Int, _ process: UInt32, _ trace: ProfileTrace) {
    var fields = ProtobufFields(profile.bytes, profile.location(at: position))
    var mapping: UInt64 = 0
    var lines: [ProfileCode.Line] = []
    while let (number, value) = fields.next() {
      switch (number, value) {
      case (2, .number(let id)): mapping = id
      case (4, .bytes(let range)):
        if lines.count < ProfileCode.linesMax { lines.append(line(range)) } else { cutLines += 1 }
      default: break
      }
    }
    lineCounts[position] = Self.isAddress
    guard !lines.isEmpty else { return }
    // Only the last line is the function that called the others.
    for index in lines.indices.dropLast() { lines[index].isInlined = true }
    let module = module(mapping, trace).module
    guard let slot = trace.add(lines, in: module, process: process) else { return }
    slots[position] = slot
    lineCounts[position] = UInt8(lines.count)
  }

  private mutating func line(_ range: Range<Int>) -> ProfileCode.Line {
    var line = ProfileCode.Line(function: "")
    guard budget.hasNames else {
      cutNames += 1
      return ProfileCode.Line(function: "?")
    }
    var fields = ProtobufFields(profile.bytes, range)
    var function: UInt64 = 0
    while let (number, value) = fields.next() {
      guard case .number(let value) = value else { continue }
      if number == 1 { function = value }
      if number == 2 { line.line = UInt32(clamping: Int64(bitPattern: value)) }
    }
    readNames(of: function, &line)
    if line.function.isEmpty { line.function = line.systemName }
    if line.function.isEmpty { line.function = "?" }
    let names = [line.function, line.systemName, line.file]
    budget.take(nameBytes: names.reduce(16) { $0 + $1.utf8.count })
    return line
  }

  /// Texts are read last: a message may repeat their numbers.
  private func readNames(of function: UInt64, _ line: inout ProfileCode.Line) {
    guard let range = profile.function(function) else { return }
    var fields = ProtobufFields(profile.bytes, range)
    var (name, systemName, file): (UInt64, UInt64, UInt64) = (0, 0, 0)
    for _ in 0..<Self.fieldsMax {
      guard let (number, value) = fields.next() else { break }
      guard case .number(let value) = value else { continue }
      if number == 2 { name = value }
      if number == 3 { systemName = value }
      if number == 4 { file = value }
    }
    line.function = profile.string(name)
    line.systemName = profile.string(systemName)
    line.file = profile.string(file)
  }

  private mutating func module(
    _ mapping: UInt64, _ trace: ProfileTrace
  ) -> (number: Int, module: Int) {
    if let known = modules[mapping] { return known }
    let found = profile.mappings[mapping] ?? PprofProfile.Mapping()
    let build = Self.bytes(profile.string(found.buildID))
    if build == nil { otherBuildIDs += 1 }
    let path = profile.string(found.path)
    let module = (modules.count, trace.module(path, buildID: build ?? []))
    if modules.count < Self.mappingsMax { modules[mapping] = module }
    return module
  }

  /// The address of a location without lines, whose image the process then has mapped; nil if it
  /// has none.
  private mutating func place(
    _ position: Int, _ process: UInt32, _ trace: ProfileTrace
  ) -> UInt64? {
    var fields = ProtobufFields(profile.bytes, profile.location(at: position))
    var (mapping, address): (UInt64, UInt64) = (0, 0)
    for _ in 0..<Self.fieldsMax {
      guard let (number, value) = fields.next() else { break }
      guard case .number(let value) = value else { continue }
      if number == 2 { mapping = value }
      if number == 3 { address = value }
    }
    guard address > 0, ProfileCode.chunk(address) == nil else { return nil }
    if let image = profile.mappings[mapping], image.start < image.limit,
      image.limit <= 1 << 60, (image.start..<image.limit).contains(address)
    {
      let number = module(mapping, trace).number
      trace.map(
        number,
        ImageMap(
          baseAddress: image.start, size: image.limit - image.start, fileOffset: image.offset,
          path: profile.string(image.path),
          buildID: Self.bytes(profile.string(image.buildID)) ?? []), process: process)
    }
    return address
  }

  /// The bytes of hexadecimal digits; nil if they are none.
  static func bytes(_ digits: String) -> [UInt8]? {
    let digits = Array(digits.utf8)
    guard digits.count % 2 == 0, digits.count <= 128 else { return nil }
    var bytes: [UInt8] = []
    for start in stride(from: 0, to: digits.count, by: 2) {
      let text = String(decoding: digits[start..<start + 2], as: UTF8.self)
      guard let byte = UInt8(text, radix: 16) else { return nil }
      bytes.append(byte)
    }
    return bytes
  }
}
