/// What is known about an address at a given time.
public enum Resolution: Hashable, Sendable {
  /// A function's code was at the address; `offset` is the distance in bytes from its start.
  case symbol(SymbolID, offset: UInt64, certainty: NameCertainty)
  /// The address has no name, for the given reason. `module` is the module known to have been
  /// there, if any.
  case unresolved(UnresolvedReason, module: ModuleID?)

  /// The symbol; nil if there is none.
  @inlinable public var symbolID: SymbolID? {
    if case .symbol(let id, _, _) = self { id } else { nil }
  }

  /// Whether the name may belong to other code: see ``NameCertainty/uncertain``.
  @inlinable public var isUncertain: Bool {
    if case .symbol(_, _, .uncertain) = self { true } else { false }
  }
}

/// Confidence that a name belongs to the code that was at the address at that time.
public enum NameCertainty: UInt8, Hashable, Sendable, BitwiseCopyable {
  case certain
  /// The code was announced shortly after that time, and nothing else was there.
  case late
  /// Other code took the place at about that time, and the source does not give the exact moment: a
  /// perf map entry appeared between two reads of the file, or a jitdump's clock is known only
  /// roughly.
  case uncertain
}

/// Reason why an address has no name.
public enum UnresolvedReason: UInt8, Hashable, Sendable, CaseIterable {
  /// No source announced code or an image at the address.
  case neverAnnounced
  /// Code was announced at the address, but later than the slack allows.
  case announcedTooLate
  /// The code announced at the address had been unloaded by then.
  case unloaded
  /// An image was mapped at the address, but its file cannot be found or read.
  case imageNotFound
  /// An image was mapped at the address, but the file of that name is now another build, so its
  /// names would be wrong.
  case buildIDDiffers
  /// An image was mapped at the address, but it has no symbol for this place.
  case noSymbol
  /// The address is in the kernel, and the kernel's symbols were not available.
  case kernelHidden
  /// Events were lost around that time, possibly including the announcement.
  case eventsLost

  /// A label of a word or two, suitable for a table column.
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

  /// A sentence that explains the reason and what to do about it.
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
