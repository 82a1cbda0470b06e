internal import OSStrings
internal import Synchronization
public import TraceFormat
internal import TraceSymbols

/// The functions that a trace carries itself: names on every machine, and after the images have
/// gone.
///
/// - Guarantee: no name for an image of another build than the one that was mapped.
/// - Cost: the trace's blocks of symbols are read at the first question; then a binary search.
public final class RecordedSymbols: ImageSymbolProvider {
  private struct Image {
    var buildID: [UInt8]
    var functions: FunctionTable
  }

  /// All that the trace has; not changed once it is made.
  private struct Tables {
    var files: [String: [Image]] = [:]
    var virtual: [Image] = []
    var kernel: FunctionTable?
  }

  private let read: () -> [ImageSymbols]
  private let tables = Mutex<Tables?>(nil)
  /// Several threads may ask at the same time.
  public let isShareable = true

  /// The symbols of a trace.
  public init(_ file: TraceFile) { read = { file.symbols } }

  /// Symbols that are at hand.
  public init(_ images: [ImageSymbols]) { read = { images } }

  /// The function at an offset of an image, if the trace has one there.
  public func function(atFileOffset offset: UInt64, in image: ImageIdentity) -> ImageAnswer {
    let tables = known()
    let images =
      image.path == VirtualSharedObject.path
      ? tables.virtual : tables.files[image.mappedPath] ?? []
    guard let known = images.first(where: { Self.isSame($0.buildID, image.buildID) }) else {
      return .imageNotFound
    }
    return known.functions.lookup(offset).map { .function($0) } ?? .noSymbol
  }

  /// The function of the kernel that ran then.
  public func kernelFunction(at address: UInt64) -> ImageAnswer {
    guard let kernel = known().kernel else { return .hidden }
    return kernel.lookup(address).map { .function($0) } ?? .noSymbol
  }

  /// The tables, read at the first question.
  private func known() -> Tables {
    tables.withLock { tables in
      if let tables { return tables }
      let read = makeTables()
      tables = read
      return read
    }
  }

  private func makeTables() -> Tables {
    var tables = Tables()
    for image in read() {
      let table = FunctionTable(image.functions)
      switch image.kind {
      case .file:
        tables.files[image.path, default: []].append(
          Image(buildID: image.buildID, functions: table))
      case .vdso: tables.virtual.append(Image(buildID: image.buildID, functions: table))
      case .kernel: tables.kernel = tables.kernel ?? table
      }
    }
    return tables
  }

  /// Two that are not known are the same: whoever wrote such symbols saw to that.
  private static func isSame(_ one: [UInt8], _ other: [UInt8]) -> Bool {
    guard one != other else { return true }
    guard let one = BuildID(one), let other = BuildID(other) else { return false }
    return one.matches(other)
  }
}

extension ImageIdentity {
  /// As the kernel showed it.
  var mappedPath: String { MappedName(path: path, isDeleted: isDeleted).shown }
}

/// Functions in order, the innermost found first.
private struct FunctionTable {
  /// Functions inside of others that are passed over on the way to the one that holds an address.
  private static let nestedMax = 64

  private var functions: [ImageFunction]
  /// Of each, the largest end of all up to it.
  private var ends: [UInt64] = []

  init(_ unsorted: [ImageFunction]) {
    functions = unsorted.sorted { ($0.offset, $1.size) < ($1.offset, $0.size) }
    ends.reserveCapacity(functions.count)
    var last: UInt64 = 0
    for function in functions {
      let (end, overflow) = function.offset.addingReportingOverflow(function.size)
      last = max(last, overflow ? .max : end)
      ends.append(last)
    }
  }

  /// Of several functions that hold the offset, the one that begins last.
  func lookup(_ offset: UInt64) -> FunctionSymbol? {
    var low = 0
    var high = functions.count
    while low < high {
      let middle = (low + high) / 2
      if functions[middle].offset <= offset { low = middle + 1 } else { high = middle }
    }
    for index in (max(0, low - Self.nestedMax)..<low).reversed() where ends[index] > offset {
      let function = functions[index]
      if offset - function.offset < function.size {
        return FunctionSymbol(
          offset: function.offset, size: function.size, name: function.name)
      }
    }
    return nil
  }
}
