internal import TraceAnalysis
internal import TraceExport

/// The stacks of threads as text, in the form of Go's goroutine profiles.
struct ThreadTexts {
  private let entries: [ThreadDump.Entry]
  private let lines: StackLines
  private let stacks: NumberedStacks

  init(_ entries: [ThreadDump.Entry], _ profile: StackProfile) {
    self.entries = entries
    lines = StackLines(profile)
    stacks = NumberedStacks(profile)
  }

  /// `debug=1`: equal stacks together, most frequent first.
  func grouped(_ name: String) -> String {
    var groups: [[FrameID]: [OwnThread]] = [:]
    for entry in entries {
      groups[stacks.frames(entry.thread.tid), default: []].append(entry.thread)
    }
    let sorted = groups.sorted {
      ($1.value.count, $0.value[0].tid) < ($0.value.count, $1.value[0].tid)
    }
    var text = "\(name) profile: total \(entries.count)\n"
    for (stack, threads) in sorted {
      text += "\(threads.count) @"
      for frame in stack { text += " 0x" + String(lines.address(frame), radix: 16) }
      text += "\n# threads:"
      for thread in threads { text += " \(thread.tid) \"\(exported(thread.name))\"" }
      text += "\n"
      text += lines.named(stack, at: [])
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
      let stack = stacks.frames(thread.tid)
      for frame in stack {
        text += "\(lines.title(frame))\n\t\(lines.place(frame)) +0x"
        text += String(lines.address(frame), radix: 16) + "\n"
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
}
