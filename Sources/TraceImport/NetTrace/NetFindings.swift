/// What an import of a .nettrace file could not read or represent.
struct NetFindings {
  private var damagedBlocks: UInt64 = 0
  private var firstDamage: UInt64 = 0
  /// Events whose kind the file does not describe.
  var unknownKinds: UInt64 = 0
  var unknownBlocks: UInt64 = 0

  mutating func note(damagedBlockAt offset: UInt64) {
    if damagedBlocks == 0 { firstDamage = offset }
    damagedBlocks += 1
  }

  /// What is damaged, as sentences without the file as their subject.
  func damage(_ writer: NetEventWriter, _ kinds: NetKinds) -> [String] {
    var damage: [String] = []
    func add(_ count: UInt64, _ text: (String) -> String) {
      if count > 0 { damage.append(text("\(count)")) }
    }
    add(damagedBlocks) {
      "has \($0) damaged blocks, the first at byte \(firstDamage); the rest of each was skipped"
    }
    add(unknownKinds) { "has \($0) events of kinds that it does not describe; they were skipped" }
    add(kinds.omitted) { "describes \($0) kinds of events more than can be kept" }
    add(writer.shortPayloads) { "has \($0) events that lack some of their fields" }
    add(writer.missingStacks) { "lacks the stacks of events \($0) times" }
    add(writer.missingLabels) { "lacks the labels of events \($0) times" }
    add(writer.unknownThreads) { "has \($0) events of threads that it does not describe" }
    return damage
  }

  /// What was left out or could not be told, as sentences.
  func notes(_ writer: NetEventWriter, _ blocks: NetBlocks, _ header: NetHeader) -> [String] {
    var notes: [String] = []
    func add(_ count: UInt64, _ text: (String) -> String) {
      if count > 0 { notes.append(text("\(count)")) }
    }
    add(writer.external) {
      "\($0) samples of threads outside of managed code, which may have waited, are not CPU time; "
        + "they are events of their own (stacks -event ThreadSample)"
    }
    add(UInt64(writer.planner.undescribed)) {
      "the fields of \($0) kinds of events are not known; their payload was kept as bytes"
    }
    add(UInt64(writer.planner.renumbered)) { "\($0) kinds of events have another number here" }
    add(writer.overrides) { "\($0) lists of labels change levels or keywords; this was left out" }
    add(writer.cutStacks) {
      "\($0) stacks have more than 8000 frames; the outer ones were left out"
    }
    add(unknownBlocks) { "\($0) blocks of unknown kinds were skipped" }
    add(writer.sink.refused) { "\($0) events cannot be stored in a trace" }
    add(blocks.bytesAfterEnd) { "\($0) bytes after the end of the recording were not read" }
    if header.start_ns == nil { notes.append("the recording does not tell the time of day") }
    return notes
  }
}
