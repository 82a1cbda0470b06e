internal import TraceAnalysis
internal import TraceExport

/// The stacks of threads as text, in the form of Go's goroutine profiles.
struct ThreadTexts {
  private let entries: [ThreadDump.Entry]
  private let profile: StackProfile
  /// The frames of each thread, innermost first.
  private var frames: [UInt32: [FrameID]] = [:]

  init(_ entries: [ThreadDump.Entry], _ profile: StackProfile) {
    (self.entries, self.profile) = (entries, profile)
    let stacks = profile.stacks
    let tree = stacks.calls.tree
    for node in 1..<max(tree.count, 1) where tree.exclusive[node].count > 0 {
      var path: [FrameID] = []
      var place = node
      while place != StackTree.root {
        let id = tree.frames[place]
        let frame = stacks.frames[id]
        if frame.kind == .thread {
          if let tid = (frame.identity?.id).flatMap({ UInt32($0) }) { frames[tid] = path }
          break
        }
        path.append(id)
        place = Int(tree.parents[place])
      }
    }
  }

  /// `debug=1`: equal stacks together, most frequent first.
  func grouped(_ name: String) -> String {
    var groups: [[FrameID]: [OwnThread]] = [:]
    for entry in entries {
      groups[frames[entry.thread.tid] ?? [], default: []].append(entry.thread)
    }
    let sorted = groups.sorted {
      ($1.value.count, $0.value[0].tid) < ($0.value.count, $1.value[0].tid)
    }
    var text = "\(name) profile: total \(entries.count)\n"
    for (stack, threads) in sorted {
      text += "\(threads.count) @"
      for frame in stack { text += " 0x" + String(address(frame), radix: 16) }
      text += "\n# threads:"
      for thread in threads { text += " \(thread.tid) \"\(exported(thread.name))\"" }
      text += "\n"
      for frame in stack {
        text += "#\t0x" + String(address(frame), radix: 16) + "\t\(title(frame))\t\(place(frame))\n"
      }
      if stack.isEmpty { text += "#\t[no stack]\n" }
      text += "\n"
    }
    return text
  }

  /// `debug=2`: each thread with its name and state.
  func each() -> String {
    var text = ""
    for entry in entries {
      let thread = entry.thread
      text += "thread \(thread.tid) \"\(exported(thread.name))\" [\(thread.state)]:\n"
      let stack = frames[thread.tid] ?? []
      for frame in stack {
        text += "\(title(frame))\n\t\(place(frame)) +0x" + String(address(frame), radix: 16) + "\n"
      }
      if stack.isEmpty {
        text +=
          thread.blocksSignal
          ? "[no stack: the thread blocks SIGPROF]\n" : "[no stack: the thread did not answer]\n"
      }
      text += "\n"
    }
    return text
  }

  private func address(_ frame: FrameID) -> UInt64 {
    profile.origins[Int(frame.rawValue)].address
  }

  private func title(_ frame: FrameID) -> String {
    exported(profile.stacks.frames[frame].exportedName)
  }

  /// File and line, or the image.
  private func place(_ frame: FrameID) -> String {
    let origin = profile.origins[Int(frame.rawValue)]
    if !origin.file.isEmpty { return exported("\(origin.file):\(origin.line)") }
    return exported(origin.module.map { profile.modules[$0].path } ?? "?")
  }
}
