import Testing

/// Real processes: event-storm emits, tracectl collects, and the content of the file is compared
/// with the emitted events. Tests run one at a time, because each needs all CPUs.
///
/// With `TRACE_TOOLS=directory`, the programs in that directory are used (a release build, for
/// instance).
@Suite(.serialized, .timeLimit(.minutes(5)))
enum EndToEnd {}
