import Glibc

/// The storm's processes: this program again, by posix_spawn.
enum StormChild {
  /// Number under which a child finds the note that has no name.
  static let noteDescriptor: Int32 = 3

  /// Runs every child to its end; returns the error of the last one that failed, if any.
  static func runAll(options: StormOptions, note: SharedNote) throws(StormError) -> StormError? {
    var children: [pid_t] = []
    for index in 0..<options.processes {
      children.append(
        try spawn(options.arguments(forChild: index, note: note), note: note))
    }
    var failure: StormError?
    for (index, child) in children.enumerated() {
      var status: Int32 = 0
      while waitpid(child, &status, 0) < 0, errno == EINTR {}
      if status != 0 { failure = StormError("process \(index) ended with status \(status)") }
    }
    return failure
  }

  private static func spawn(_ arguments: [String], note: SharedNote) throws(StormError) -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    if let inherited = note.inheritedDescriptor {
      posix_spawn_file_actions_adddup2(&actions, inherited, noteDescriptor)
    }
    var words: [UnsafeMutablePointer<CChar>?] = (["event-storm"] + arguments).map { strdup($0) }
    words.append(nil)
    defer { for word in words { free(word) } }
    var child = pid_t()
    let status = posix_spawn(&child, "/proc/self/exe", &actions, nil, words, environ)
    guard status == 0 else {
      throw StormError("cannot start a process: \(String(cString: strerror(status)))")
    }
    return child
  }
}
