internal import Glibc

/// The entry functions of threads and processes in an image, and whether an address in it can be a
/// return address.
///
/// A function is an entry function if its call frame information says that it has no caller
/// (`_start`, `clone`), if it is the file's entry point, if it has the name of one
/// (`runtime.goexit`), or, in a C library without a full symbol table, if it is the one through
/// which `main` or a thread's function is called. The client caches the answers. Used on one
/// thread.
///
/// - Cost: reads the image's `.eh_frame`, and its symbol tables only if that does not decide.
final class EntryFunctions {
  private let file: ELFFile
  private let addressing: FileAddressing
  private let frames: FrameTable?
  /// The process's entry point, by link-time address.
  private let begin: Range<UInt64>?
  /// Whether thread entry functions may be recognized by their names or callers.
  private let beginsThreads: Bool
  private lazy var named = EntryNames.ranges(in: file)
  /// Functions that are entries only where they call through a pointer.
  private lazy var starters = ThreadStarters(file, addressing, frames).ranges

  /// Nil if the file is not the image, or not an ELF file.
  init?(_ image: UnwindImages.Identity, at path: String, access: FileAccess) {
    guard let source = try? ByteSource(path: path, access: access),
      let file = try? ELFFile(source, path: path),
      Self.isRight(file, image, path)
    else { return nil }
    self.file = file
    addressing = FileAddressing(file)
    frames = try? FrameTable(file)
    let isLoaded = file.segments.contains { $0.kind == ELFSegment.Kind.interpreter }
    let hasStarters = !file.dynamicFunctions(named: ThreadStarters.exports).isEmpty
    beginsThreads = hasStarters || (!isLoaded && file.header.entry != 0)
    begin = Self.begin(file, frames)
  }

  /// The approximate memory of the tables.
  var byteCount: Int { (frames?.byteCount ?? 0) + 4096 }

  private static func isRight(
    _ file: ELFFile, _ image: UnwindImages.Identity, _ path: String
  ) -> Bool {
    if let wanted = BuildID(image.buildID), wanted.isContent || file.buildID != nil {
      return file.isImage(of: wanted)
    }
    guard image.inode != 0 else { return true }
    var status = stat()
    guard file.source.withDescriptor({ fstat($0, &status) }) == 0 else { return false }
    return MappedFile.is(status, at: path, device: image.device, inode: image.inode)
  }

  /// Code without a description extends to the next described function, and no further than this.
  private static let beginBytesMax: UInt64 = 256

  private static func begin(_ file: ELFFile, _ frames: FrameTable?) -> Range<UInt64>? {
    let entry = file.header.entry
    guard entry != 0 else { return nil }
    if let described = frames?.function(at: entry) { return described }
    let (end, overflow) = entry.addingReportingOverflow(beginBytesMax)
    guard !overflow else { return nil }
    return entry..<min(end, frames?.functionStart(after: entry) ?? end)
  }

  /// - Parameter isCaller: whether the address is a return address.
  func verdict(atOffset offset: UInt64, isCaller: Bool) -> FrameVerdict {
    guard let address = addressing.address(ofFileOffset: offset) else { return .unknown }
    let place = address &- (isCaller ? 1 : 0)
    let row = try? frames?.row(at: place)
    if let row, row[Int(row.returnRegister)].kind == .undefined { return .entry }
    if begin?.contains(place) == true { return .entry }
    let call = isCaller ? self.call(before: offset) : nil
    if beginsThreads, call == .indirect || !isCaller,
      starters.contains(where: { $0.contains(place) })
    {
      return .entry
    }
    if beginsThreads || row == nil,
      named.contains(where: { $0.contains(offset) || $0.contains(offset &- (isCaller ? 1 : 0)) })
    {
      return .entry
    }
    guard isCaller, file.machine == ELFHeader.Machine.x86_64, call == nil else { return .called }
    // A signal trampoline was not called, but has outer frames.
    if let row = try? frames?.row(at: address), row.isSignalFrame { return .called }
    return .astray
  }

  private func call(before offset: UInt64) -> MachineCode.Call? {
    let count = min(offset, UInt64(MachineCode.callBytesMax))
    return MachineCode.call(
      endingIn: file.source.read(at: offset - count, count: Int(count)))
  }

  /// Whether the call before `caller` targets the function that contains `callee`: false if it
  /// targets another function, nil if that is not known. Both are file offsets.
  func calls(_ caller: UInt64, _ callee: UInt64) -> Bool? {
    guard case .direct(let distance)? = call(before: caller),
      let address = addressing.address(ofFileOffset: caller),
      let called = addressing.address(ofFileOffset: callee), let frames
    else { return nil }
    let target = address &+ UInt64(bitPattern: Int64(distance))
    // The target of a stub is not known.
    guard let function = frames.function(at: target), function.lowerBound == target else {
      return nil
    }
    return function.contains(called)
  }
}

/// Names of entry functions in images whose call frame information does not mark them.
private enum EntryNames {
  /// The names in glibc, musl, Go's runtime and Boost's contexts.
  static let all: Set<String> = [
    "_start", "_start_c", "_dl_start", "_dl_start_user", "__libc_start_main",
    "__libc_start_main_impl", "__libc_start_call_main", "libc_start_main_stage2",
    "generic_start_main", "start_thread", "thread_start", "start", "start_c11", "clone", "__clone",
    "clone3", "__clone3", "__start_context", "make_fcontext", "runtime.goexit",
    "runtime.goexit.abi0", "runtime.mstart", "runtime.mstart.abi0", "runtime.mcall",
    "runtime.rt0_go", "runtime.rt0_go.abi0", "_rt0_amd64", "_rt0_amd64_linux", "runtime.clone",
    "runtime.clone.abi0",
  ]

  /// The ranges, by file offset.
  static func ranges(in file: ELFFile) -> [Range<UInt64>] {
    let table = SymbolTable.read(file).0
    var ranges: [Range<UInt64>] = []
    for index in 0..<table.count where all.contains(table.name(of: index)) {
      let function = table[index]
      ranges.append(function.offset..<function.offset + function.size)
    }
    return ranges
  }
}
