internal import TraceAnalysis
internal import TraceEvents

/// The numbered tables of a pprof profile: strings, functions, mappings and locations. Each entry
/// is written when it is met first, so that only its key stays in memory.
struct PprofTables {
  /// Field numbers of the message Profile.
  private enum Field {
    static let mapping: UInt64 = 3
    static let location: UInt64 = 4
    static let function: UInt64 = 5
    static let string: UInt64 = 6
  }

  private struct FunctionKey: Hashable {
    var name, rawName, file: UInt64
  }

  /// The addresses of a module's frames.
  private struct Span {
    var low = UInt64.max
    var high: UInt64 = 0
  }

  /// What is complete and not written yet.
  var pending = ProtobufMessage()
  private let profile: StackProfile
  /// Whether the profile was imported: names are those of the file, and what has none stays so.
  private let isRecorded: Bool
  private var strings: [String: UInt64] = ["": 0]
  private var functions: [FunctionKey: UInt64] = [:]
  /// Locations with inlined calls, and for each frame the one without.
  private var locations: [[FrameID]: UInt64] = [:]
  private var plainLocations: [UInt64]
  private var locationCount: UInt64 = 0
  /// Function of each frame; 0 if it has none yet.
  private var frameFunctions: [UInt64]
  /// Message that is being built.
  private var message = ProtobufMessage()
  private var line = ProtobufMessage()

  init(_ profile: StackProfile, isRecorded: Bool = false) {
    self.profile = profile
    self.isRecorded = isRecorded
    frameFunctions = [UInt64](repeating: 0, count: profile.stacks.frames.count)
    plainLocations = frameFunctions
    // Tables that grow step by step hash their keys again and again.
    strings.reserveCapacity(profile.stacks.frames.count)
    functions.reserveCapacity(profile.stacks.frames.count)
    pending.field(Field.string, text: "")
    writeMappings()
  }

  /// Returns the number of a string.
  mutating func string(_ text: String) -> UInt64 {
    if text.isEmpty { return 0 }
    let text = exported(text)
    if let known = strings[text] { return known }
    let number = UInt64(strings.count)
    strings[text] = number
    pending.field(Field.string, text: text)
    return number
  }

  /// Writes a mapping for each module, numbered from 1, in their order; the main program of the
  /// process with most samples comes first, because tools take the first for the main binary.
  private mutating func writeMappings() {
    var spans = [Span](repeating: Span(), count: profile.modules.count)
    for origin in profile.origins {
      guard let module = origin.module else { continue }
      spans[module].low = min(spans[module].low, origin.address)
      spans[module].high = max(spans[module].high, origin.address)
    }
    for number in mappingOrder() {
      let module = profile.modules[number]
      if isNowhere(module) { continue }
      let isImage = module.source == .image
      let own = isRecorded ? module.path.trimmingPrefix(ProfileSchema.imagePrefix) : ""
      let shown =
        module.source == .kernel ? "[kernel.kallsyms]" : isImage ? module.path : "[jit]"
      let path = own.isEmpty ? shown : String(own)
      let hex = module.buildID.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
      let (name, build) = (string(path), string(hex))
      message.clear()
      message.field(1, UInt64(number + 1))
      // An image's addresses are offsets in its file.
      message.field(2, isImage || spans[number].low == .max ? 0 : spans[number].low)
      message.field(3, spans[number].high &+ 1 == 0 ? .max : spans[number].high + 1)
      message.field(5, name)
      message.field(6, build)
      // The names are final: tools shall not look for others.
      for flag in 7...10 as ClosedRange<UInt64> { message.field(flag, 1) }
      pending.field(Field.mapping, message)
    }
  }

  /// Whether functions of an imported profile are in no image.
  private func isNowhere(_ module: CodeModule) -> Bool {
    isRecorded && module.path == ProfileSchema.imagePrefix
  }

  private func mappingOrder() -> [Int] {
    let program = profile.stacks.totals.processes.first?.process.name ?? ""
    let main = profile.modules.firstIndex { $0.source == .image && $0.name == program }
    let rest = profile.modules.indices.filter { $0 != main }
    return (main.map { [$0] } ?? []) + rest
  }

  /// Returns the number of the location of a function's frame and the calls inlined there,
  /// innermost first.
  mutating func location(_ frames: [FrameID]) -> UInt64 {
    let plain = frames.count == 1 ? Int(frames[0].rawValue) : nil
    if let plain {
      if plainLocations[plain] != 0 { return plainLocations[plain] }
    } else if let known = locations[frames] {
      return known
    }
    locationCount += 1
    let number = locationCount
    if let plain { plainLocations[plain] = number } else { locations[frames] = number }
    let isNameless =
      isRecorded && frames.count == 1 && profile.stacks.frames[frames[0]].kind == .unresolved
    let numbers = isNameless ? [] : frames.map { function($0) }
    message.clear()
    message.field(1, number)
    if let outer = frames.last {
      let origin = profile.origins[Int(outer.rawValue)]
      if let module = origin.module, !isNowhere(profile.modules[module]) {
        message.field(2, UInt64(module + 1))
      }
      message.field(3, origin.address)
    }
    for (frame, function) in zip(frames, numbers) {
      line.clear()
      line.field(1, function)
      line.field(2, UInt64(profile.origins[Int(frame.rawValue)].line))
      message.field(4, line)
    }
    pending.field(Field.location, message)
    return number
  }

  /// Returns the number of a location that is only a name.
  mutating func location(named name: String) -> UInt64 {
    let function = function(FunctionKey(name: string(name), rawName: 0, file: 0))
    locationCount += 1
    message.clear()
    message.field(1, locationCount)
    line.clear()
    line.field(1, function)
    message.field(4, line)
    pending.field(Field.location, message)
    return locationCount
  }

  private mutating func function(_ frame: FrameID) -> UInt64 {
    let index = Int(frame.rawValue)
    if frameFunctions[index] != 0 { return frameFunctions[index] }
    let origin = profile.origins[index]
    let shown = profile.stacks.frames[frame].exportedName
    let name = isRecorded && !origin.rawName.isEmpty ? origin.rawName : shown
    // Tools shorten a name that equals the raw one, taking it for C++.
    let rawName =
      isRecorded ? origin.systemName : origin.rawName == name ? "" : origin.rawName
    frameFunctions[index] = function(
      FunctionKey(name: string(name), rawName: string(rawName), file: string(origin.file)))
    return frameFunctions[index]
  }

  private mutating func function(_ key: FunctionKey) -> UInt64 {
    if let known = functions[key] { return known }
    let number = UInt64(functions.count + 1)
    functions[key] = number
    message.clear()
    message.field(1, number)
    message.field(2, key.name)
    message.field(3, key.rawName)
    message.field(4, key.file)
    pending.field(Field.function, message)
    return number
  }
}
