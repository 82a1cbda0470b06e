/// What is known of an address at a time.
public enum Resolution: Hashable, Sendable {
  /// A function's code was there; `offset` bytes lie between its start and the address.
  case symbol(SymbolID, offset: UInt64, certainty: NameCertainty)
  /// There is no name, and why. The module is given where one is known to have been there.
  case unresolved(UnresolvedReason, module: ModuleID?)

  /// The symbol; nil where there is none.
  @inlinable public var symbolID: SymbolID? {
    if case .symbol(let id, _, _) = self { id } else { nil }
  }

  /// Whether the name may be another's: see ``NameCertainty/uncertain``.
  @inlinable public var isUncertain: Bool {
    if case .symbol(_, _, .uncertain) = self { true } else { false }
  }
}

/// How sure it is that a name is that of the code which was there then.
public enum NameCertainty: UInt8, Hashable, Sendable, BitwiseCopyable {
  case certain
  /// The code was announced only after that time, but soon, and nothing else was there.
  case late
  /// At about that time other code took the place, and the source does not say exactly when: an
  /// entry of a perf map came between two looks at it, the clock of a jitdump is known roughly.
  case uncertain
}

/// Why an address has no name.
public enum UnresolvedReason: UInt8, Hashable, Sendable, CaseIterable {
  /// No source ever told of code there, nor of an image.
  case neverAnnounced
  /// Code was announced there, but later than the slack after this time.
  case announcedTooLate
  /// What was announced there was gone by then.
  case unloaded
  /// An image was mapped there, but its file cannot be found or read.
  case imageNotFound
  /// An image was mapped there, and the file of that name is another build now: its names would
  /// be wrong.
  case buildIDDiffers
  /// An image was mapped there that has no symbol for this place.
  case noSymbol
  /// A kernel address, and the kernel's names were not to be had.
  case kernelHidden
  /// Events were lost around that time, possibly the announcement.
  case eventsLost

  /// A word or two, as in a column of a table.
  public var label: String {
    switch self {
    case .neverAnnounced: "never announced"
    case .announcedTooLate: "announced too late"
    case .unloaded: "unloaded"
    case .imageNotFound: "image not found"
    case .buildIDDiffers: "build id differs"
    case .noSymbol: "no symbol"
    case .kernelHidden: "kernel names hidden"
    case .eventsLost: "events lost"
    }
  }

  /// What happened, and what to do about it.
  public var sentence: String {
    switch self {
    case .neverAnnounced:
      "No runtime, file or image announced code at this address; let the runtime announce its code"
        + " (JIT events, a jitdump or a perf map)."
    case .announcedTooLate:
      "Code was announced at this address, but too long after this time to be used."
    case .unloaded:
      "The code that was announced at this address was gone by then, and what came after it was"
        + " not announced."
    case .imageNotFound:
      "The image that was mapped at this address cannot be read; give its directory as a symbol"
        + " search path."
    case .buildIDDiffers:
      "The image's file has been replaced since (its build id differs, or it has none and is"
        + " another file); give a directory that has the old one as a symbol search path."
    case .noSymbol:
      "The image at this address has no symbol for it; install its debug symbols, or have them"
        + " fetched (-debuginfod)."
    case .kernelHidden:
      "The kernel hides its symbols; set kernel.kptr_restrict to 0 while collecting."
    case .eventsLost:
      "Events of this process were lost around that time, possibly the announcement; collect with"
        + " larger buffers."
    }
  }
}
