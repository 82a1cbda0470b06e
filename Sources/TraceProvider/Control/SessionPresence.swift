import TraceControl

/// Whether there are sessions, for code that does without a control thread while there are none.
package enum SessionPresence {
  /// Whether a directory that this process watches has a session's socket. The session may have
  /// ended without removing it, or may not trace this process.
  ///
  /// - Cost: some system calls for each directory.
  package static var isLikely: Bool {
    var isFound = false
    RendezvousPaths.visitWatched { place in
      guard !isFound,
        let directory = try? RuntimeDirectory.open(place.path, kind: place.kind, creating: false)
      else { return }
      directory.visitSessionSocketNames { _ in isFound = true }
    }
    return isFound
  }
}
