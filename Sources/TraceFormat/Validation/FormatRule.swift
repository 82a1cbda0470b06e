/// The numbered rules of SPEC.md that a file can break; its section "Rules" has the same list.
///
/// The letter is the part of the file: F file, B blocks, P packed payloads, C columns, M metadata,
/// E events, S stacks, N symbols, L losses, I index and end, Z limits.
public enum FormatRule: String, CaseIterable, Hashable, Sendable {
  case F1, F2, F3
  case B1, B2, B3, B4, B5, B6, B7, B8
  case P1, P2, P3
  case C1, C2, C3, C4, C5
  case M1, M2, M3, M4, M5, M6
  case E1, E2, E3, E4, E5, E6, E7, E8, E9, E10, E11, E12, E13, E14, E15
  case S1, S2, S3, S4
  case N1, N2
  case L1, L2
  case I1, I2, I3, I4
  case Z1, Z2

  /// The rule as SPEC.md states it.
  public var text: String {
    switch self {
    case .F1: "The file begins with a whole file header."
    case .F2: "The major version is 1."
    case .F3: "The file header states its size, 32."
    case .B1: "A block header has the mark, the file's id and its checksum."
    case .B2: "A block's first is not greater than its last."
    case .B3: "A block's payload and its number of events keep to their limits."
    case .B4: "A payload has the checksum that its header states."
    case .B5: "Sequence numbers count up by one from 0."
    case .B6: "A block has as many records, nodes, images or blocks as its header states."
    case .B7: "Ticks lie between the first and the last of the block's header."
    case .B8: "The index and the end are the file's last two blocks, and stand nowhere else."
    case .P1: "A packed payload begins with 8 bytes, and its compression is 0 or 1."
    case .P2: "A payload or section decompresses to exactly the size that it states."
    case .P3: "No bytes are left over after the last field."
    case .C1: "A varint has at most 10 bytes and 64 bits."
    case .C2: "The bytes do not end before the last field."
    case .C3: "A column's encoding is 1 to 8."
    case .C4: "A column's width is 1 to 8."
    case .C5: "A palette has 1 to 256 values, and each index is below their number."
    default: contentText
    }
  }

  private var contentText: String {
    switch self {
    case .M1: "The first record of the first block is the session."
    case .M2: "A repeated session or event type is equal to the first."
    case .M3: "A ref is 1 or more."
    case .M4: "A clock, a type's code and an event id are ones that this document defines."
    case .M5: "An index names one process: a repeated record has the same pid."
    case .M6: "The numbers of CPUs, a page's size, process indexes, pids and uids fit 32 bits."
    case .E1: "The first section is the common one: ref 0, and the header's count."
    case .E2: "A section's compression is 0 or 1, and its sizes are possible."
    case .E3: "Each other section has a ref of its own, and 1 event or more."
    case .E4: "The sections add up to the payload, and their events to the header's count."
    case .E5: "Stretches have 1 event or more each, and together all of the block's."
    case .E6: "Runs name a writer, have 1 event or more each, and together all of the block's."
    case .E7: "Stream, CPU, process, pid, thread id, flags and stack id fit their widths."
    case .E8: "A type is a section's position, and occurs as often as the directory states."
    case .E9: "A stretch's first difference of ticks is 0, and ticks do not overflow."
    case .E10: "The file defines each ref that has events."
    case .E11: "A section has as many fields as the schema."
    case .E12: "The index of a text is below the number of texts."
    case .E13: "The numbers of elements add up to the number of all elements."
    case .E14: "A value fits its field's type."
    case .E15: "A stack id is that of a node in an earlier block."
    case .S1: "A stacks header has possible ids: the epoch's first, its own, and their number."
    case .S2: "Ids are higher than those of the block before, and epochs do not overlap."
    case .S3: "A stacks block's content has the ids that its header states."
    case .S4: "A parent lies in the epoch, before its child."
    case .N1: "The index of a text is below the number of texts in the block of symbols."
    case .N2: "The images' numbers of functions add up to the number of all functions."
    default: remainingText
    }
  }

  private var remainingText: String {
    switch self {
    case .L1: "A loss's stream, CPU, cause and process fit their widths."
    case .L2: "A loss's from is not greater than its to."
    case .I1: "The index is well-formed."
    case .I2: "The index lists all blocks before it, without gaps, and no index or end."
    case .I3: "The index repeats what the blocks state."
    case .I4: "The end states the offsets of the index and of itself."
    case .Z1: "Lengths and counts in a block keep to the limits."
    default: "What all blocks hold together keeps to the limits."
    }
  }
}

/// A violation in a block's content, and its offset from the block's first byte after
/// decompression.
public struct FormatViolation: Hashable, Sendable {
  public var rule: FormatRule
  public var what: String
  public var offset: Int

  init(_ rule: FormatRule, _ what: String, offset: Int = 0) {
    self.rule = rule
    self.what = what
    self.offset = offset
  }
}
