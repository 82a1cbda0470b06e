internal import OSStrings
internal import TraceEvents
internal import TraceFormat
internal import TraceKernel

/// The addresses that stand for a profile's source lines.
///
/// Each line of a location has 16 bytes, a slot. Slots are given out in chunks, each of which is a
/// mapping of one image. A frame is the middle of its slot, and so is in the slot whether it is
/// taken for a return address or not.
///
/// - Cost: memory for the modules; names are written when some have accumulated.
struct ProfileCode {
  /// A line of a function.
  struct Line {
    var function: String
    var file = ""
    var line: UInt32 = 0
    var systemName = ""
    var isInlined = false
  }

  struct Module: Hashable {
    var path: String
    var buildID: [UInt8]
  }

  private struct Room {
    var next: UInt32 = 0
    var end: UInt32 = 0
    var pending: [ImageFunction] = []
    var pendingBytes = 0
  }

  /// Number of lines of a location at most.
  static let linesMax = 200
  private static let chunkSlots: UInt32 = 1 << 12
  /// A trace has no more names.
  private static let slotsMax: UInt32 = (1 << 20) - (1 << 16)
  private static let pendingBytesMax = 256 << 10
  private static let modulesMax = 16_384
  /// No program has code there.
  private static let base: UInt64 = 1 << 60
  /// A file offset that no image has.
  private static let fileBase: UInt64 = 1 << 44

  private(set) var modules: [Module] = []
  private var rooms: [Room] = []
  private var numbers: [Module: Int] = [:]
  /// Modules with the same path share its text.
  private var paths: Set<String> = []
  /// The module of each chunk.
  private(set) var chunks: [Int] = []
  /// Number of slots in use.
  private var used: UInt32 = 0
  /// Number of lines without a slot, because there are too many.
  private(set) var unnamed: UInt64 = 0

  /// The number of a module.
  mutating func module(_ path: String, buildID: [UInt8] = []) -> Int {
    let name = path.cut(toBytes: 4000)
    let isImage = [.file, .other].contains(MappedName(shown: name).kind)
    let path = isImage ? name : ProfileSchema.imagePrefix + name
    var module = Module(path: path, buildID: Array(buildID.prefix(64)))
    if let known = numbers[module] { return known }
    guard modules.count < Self.modulesMax else { return 0 }
    module.path = paths.insert(path).memberAfterInsert
    numbers[module] = modules.count
    modules.append(module)
    rooms.append(Room())
    return modules.count - 1
  }

  /// Gives slots to the lines of a location, innermost first. Returns the first one; nil if there
  /// are none left.
  mutating func add(
    _ lines: [Line], in module: Int, to recorder: inout Recorder, process: UInt32
  ) throws(FormatError) -> UInt32? {
    let count = UInt32(lines.count)
    guard count <= Self.linesMax, used + count <= Self.slotsMax else {
      unnamed += UInt64(count)
      return nil
    }
    if rooms[module].end - rooms[module].next < count {
      // A chunk for each of very many modules would take all of the addresses, but not the memory.
      let start = UInt32(chunks.count) * Self.chunkSlots
      chunks.append(module)
      (rooms[module].next, rooms[module].end) = (start, start + Self.chunkSlots)
    }
    used += count
    let first = rooms[module].next
    rooms[module].next += count
    for (slot, line) in zip(first..., lines) {
      let place = UInt64(slot) * 16
      rooms[module].pending.append(
        ImageFunction(offset: Self.fileBase + place, size: 16, name: line.function))
      rooms[module].pendingBytes += line.function.utf8.count + 64
      guard !line.file.isEmpty || line.line > 0 || line.isInlined || !line.systemName.isEmpty
      else { continue }
      try recorder.append(
        ProfileLine(
          address: Self.base + place, file: line.file, line: line.line,
          systemName: line.systemName, isInlined: line.isInlined),
        RecordHeader(
          ticks: 1, process: process, tid: 0, stream: StreamNumbers.imported(1), flags: .rundown))
    }
    if rooms[module].pendingBytes > Self.pendingBytesMax { write(module, to: &recorder) }
    return first
  }

  /// The address of a frame.
  static func address(_ slot: UInt32) -> UInt64 { base + UInt64(slot) * 16 + 8 }

  /// The chunk of a frame's address; nil if the address is one of the program's.
  static func chunk(_ address: UInt64) -> Int? {
    guard address >= base, address < base << 1 else { return nil }
    return Int((address - base) / 16 / UInt64(chunkSlots))
  }

  /// The mapping of a chunk.
  func mapping(_ chunk: Int) -> ImageMap {
    let place = UInt64(chunk) * UInt64(Self.chunkSlots) * 16
    let module = modules[chunks[chunk]]
    return ImageMap(
      baseAddress: Self.base + place, size: UInt64(Self.chunkSlots) * 16,
      fileOffset: Self.fileBase + place, path: module.path, buildID: module.buildID)
  }

  private mutating func write(_ module: Int, to recorder: inout Recorder) {
    guard !rooms[module].pending.isEmpty else { return }
    recorder.addSymbols(
      ImageSymbols(
        path: modules[module].path, buildID: modules[module].buildID,
        functions: rooms[module].pending))
    rooms[module].pending = []
    rooms[module].pendingBytes = 0
  }

  /// Writes the names that are not written yet.
  mutating func finish(_ recorder: inout Recorder) {
    for module in modules.indices { write(module, to: &recorder) }
  }
}
