internal import Locks
internal import OSStrings
public import TraceFormat
internal import TraceSymbols

/// Function names carried by the trace itself. They are available on every machine, even after the
/// images are gone.
///
/// - Guarantee: returns no name for an image whose build differs from the mapped one.
/// - Cost: the first query reads the trace's symbol blocks; each query is a binary search.
public final class RecordedSymbols: ImageSymbolProvider {
  private struct Image {
    var buildID: [UInt8]
    var functions: FunctionTable
  }

  /// All symbols in the trace; immutable once built.
  private struct Tables {
    var files: [String: [Image]] = [:]
    var virtual: [Image] = []
    var kernel: FunctionTable?
  }

  private let read: () -> [ImageSymbols]
  private let tables = Lock<Tables?>(nil)
  /// Queries may run concurrently.
  public let isShareable = true

  /// Creates a source for a trace's symbols.
  public init(_ file: TraceFile) { read = { file.symbols } }

  /// Creates a source for symbols in memory.
  public init(_ images: [ImageSymbols]) { read = { images } }

  /// Returns the function at an offset of an image, if the trace has one there.
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

  /// Returns the function of the kernel that ran during the trace.
  public func kernelFunction(at address: UInt64) -> ImageAnswer {
    guard let kernel = known().kernel else { return .hidden }
    return kernel.lookup(address).map { .function($0) } ?? .noSymbol
  }

  /// Returns the tables, reading them on first use.
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

  /// Two unknown build ids are equal; the writer of such symbols ensured that they are unambiguous.
  private static func isSame(_ one: [UInt8], _ other: [UInt8]) -> Bool {
    guard one != other else { return true }
    guard let one = BuildID(one), let other = BuildID(other) else { return false }
    return one.matches(other)
  }
}

extension ImageIdentity {
  /// Path as shown by the kernel.
  var mappedPath: String { MappedName(path: path, isDeleted: isDeleted).shown }
}

/// Functions in order of address; a lookup finds the innermost one.
private struct FunctionTable {
  /// Maximum number of nested functions skipped before the one that contains an address.
  private static let nestedMax = 64

  private var functions: [ImageFunction]
  /// For each function, the largest end of all functions up to and including it.
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

  /// Returns the function that contains the offset; of several, the one that starts last.
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
