/// An image's addresses, as its linker gave them, to offsets in its file and back.
///
/// A mapping in a process is a piece of the file at some address: an offset in the file is what
/// stays the same wherever it is loaded, so that is what symbols are found by.
public struct FileAddressing: Sendable {
  struct Piece: Hashable, Sendable {
    var address: UInt64
    var fileOffset: UInt64
    var size: UInt64
  }

  /// Where code is, in the order of the headers; where pieces overlap, the first counts.
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
      // What `perf inject --jit` writes has sections only.
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

  /// Where the instruction at that address lies in the file; nil outside the code.
  public func fileOffset(ofCode address: UInt64) -> UInt64? {
    for piece in code where address >= piece.address && address - piece.address < piece.size {
      return piece.fileOffset + (address - piece.address)
    }
    return nil
  }

  /// Where what is loaded at that address lies in the file, code or not.
  func fileOffset(of address: UInt64) -> UInt64? {
    for piece in everything where address >= piece.address && address - piece.address < piece.size {
      return piece.fileOffset + (address - piece.address)
    }
    return nil
  }

  /// The address of what lies there in the file; code is preferred where both map it.
  public func address(ofFileOffset offset: UInt64) -> UInt64? {
    for piece in code + everything
    where offset >= piece.fileOffset && offset - piece.fileOffset < piece.size {
      return piece.address + (offset - piece.fileOffset)
    }
    return nil
  }

  /// The code's offsets in the file from `address` on to the end of its piece, and at most `size`.
  func code(at address: UInt64, size: UInt64) -> (start: UInt64, size: UInt64)? {
    for piece in code where address >= piece.address && address - piece.address < piece.size {
      let from = address - piece.address
      return (piece.fileOffset + from, min(size, piece.size - from))
    }
    return nil
  }
}
