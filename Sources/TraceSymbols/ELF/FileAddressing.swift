/// Converts between an image's link-time addresses and offsets in its file.
///
/// A process maps parts of the file at varying addresses. File offsets do not depend on the load
/// address, so symbols are found by offset.
public struct FileAddressing: Sendable {
  struct Piece: Hashable, Sendable {
    var address: UInt64
    var fileOffset: UInt64
    var size: UInt64
  }

  /// The code segments in the order of the headers; if segments overlap, the first counts.
  let code: [Piece]
  private let everything: [Piece]

  public init(_ file: ELFFile) {
    let loads = file.segments.filter { $0.kind == ELFSegment.Kind.load }
      .prefix(SymbolLimits.loadedPieces)
    everything = loads.compactMap { Self.piece($0.address, $0.fileOffset, $0.fileSize) }
    let executable = loads.filter(\.isExecutable).compactMap {
      Self.piece($0.address, $0.fileOffset, $0.fileSize)
    }
    if !executable.isEmpty {
      code = executable
    } else if !everything.isEmpty {
      code = everything
    } else {
      // Files written by `perf inject --jit` have only sections.
      code = file.sections.filter { $0.isExecutable && $0.kind == ELFSection.Kind.contents }
        .prefix(SymbolLimits.loadedPieces)
        .compactMap { Self.piece($0.address, $0.fileOffset, $0.size) }
    }
  }

  private static func piece(_ address: UInt64, _ fileOffset: UInt64, _ size: UInt64) -> Piece? {
    guard size > 0, !address.addingReportingOverflow(size).overflow,
      !fileOffset.addingReportingOverflow(size).overflow
    else { return nil }
    return Piece(address: address, fileOffset: fileOffset, size: size)
  }

  /// The lowest address of the image.
  var base: UInt64? { everything.map(\.address).min() }

  /// The file offset of the instruction at an address; nil outside the code.
  public func fileOffset(ofCode address: UInt64) -> UInt64? {
    for piece in code where address >= piece.address && address - piece.address < piece.size {
      return piece.fileOffset + (address - piece.address)
    }
    return nil
  }

  /// The file offset of the code or data at an address.
  func fileOffset(of address: UInt64) -> UInt64? {
    for piece in everything where address >= piece.address && address - piece.address < piece.size {
      return piece.fileOffset + (address - piece.address)
    }
    return nil
  }

  /// The address of a file offset; code is preferred if code and data map it.
  public func address(ofFileOffset offset: UInt64) -> UInt64? {
    for piece in code + everything
    where offset >= piece.fileOffset && offset - piece.fileOffset < piece.size {
      return piece.address + (offset - piece.fileOffset)
    }
    return nil
  }

  /// The file offsets of the code from `address` to the end of its segment, at most `size` bytes.
  func code(at address: UInt64, size: UInt64) -> (start: UInt64, size: UInt64)? {
    for piece in code where address >= piece.address && address - piece.address < piece.size {
      let from = address - piece.address
      return (piece.fileOffset + from, min(size, piece.size - from))
    }
    return nil
  }
}
