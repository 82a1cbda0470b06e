import Testing

/// Real processes: event-storm emits, tracectl collects, and what lies in the file is compared with
/// what was emitted. One test at a time: each wants the machine's CPUs for itself.
///
/// With `TRACE_TOOLS=directory`, the programs are taken from there (a release build, for instance).
@Suite(.serialized, .timeLimit(.minutes(5)))
enum EndToEnd {}
