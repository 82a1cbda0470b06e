internal import TraceAnalysis

extension TraceTimeline {
  /// Returns the positions of the samples of each thread, in order of time.
  func samplesByThread() -> [ArraySlice<UInt32>] {
    var counts = [Int](repeating: 0, count: threads.count + 1)
    for sample in samples { counts[thread(of: sample)] += 1 }
    var starts: [Int] = []
    var sum = 0
    for count in counts {
      starts.append(sum)
      sum += count
    }
    var order = [UInt32](repeating: 0, count: samples.count)
    var next = starts
    for (position, sample) in samples.enumerated() {
      let thread = thread(of: sample)
      order[next[thread]] = UInt32(truncatingIfNeeded: position)
      next[thread] += 1
    }
    return threads.indices.map { order[starts[$0]..<starts[$0] + counts[$0]] }
  }

  /// The position of a sample's thread; one past the end if it has none.
  private func thread(of sample: TimedSample) -> Int {
    let owner = Int(owners[Int(sample.node)])
    return owner < 0 ? threads.count : owner
  }
}

/// The frames of the stacks of a call tree.
struct StackPaths {
  private let parents: [UInt32]
  private let frames: [FrameID]
  /// Whether a frame is part of a stack, by number: no process and no thread.
  private let isFunction: [Bool]

  init(_ stacks: StackReport) {
    parents = stacks.calls.tree.parents
    frames = stacks.calls.tree.frames
    isFunction = stacks.frames.frames.map { $0.kind != .process && $0.kind != .thread }
  }

  /// Whether a node is a function.
  func isFunction(_ node: Int) -> Bool {
    node != StackTree.root && isFunction[Int(frames[node].rawValue)]
  }

  func frame(of node: Int) -> Int { Int(frames[node].rawValue) }

  func caller(of node: Int) -> Int { Int(parents[node]) }

  /// Writes the frame numbers of a stack to `path`, innermost first.
  func write(_ node: UInt32, to path: inout [UInt32]) {
    path.removeAll(keepingCapacity: true)
    var place = Int(node)
    while isFunction(place) {
      path.append(frames[place].rawValue)
      place = Int(parents[place])
    }
  }
}

/// Returns text as a JSON string.
func jsonText(_ text: String) -> String { quoted(exported(text)) }
