public import TraceAnalysis
internal import TraceEvents

/// A file for speedscope: one profile for each thread, with its samples in the order of time.
///
/// The axis is what the samples add up, such as CPU time: a thread that waits takes no room.
/// Successive samples with equal stacks are one.
public struct SpeedscopeExport: Renderer {
  public let format = OutputFormat(
    "speedscope", fileExtensions: ["speedscope.json", "speedscope"], summary: "speedscope.app")

  public init() {}

  /// Writes the whole file.
  ///
  /// - Cost: 4 bytes a sample to arrange them by thread.
  public func render(
    _ timeline: TraceTimeline, _ options: RenderOptions, to output: inout OutputBuffer
  ) throws {
    let stacks = timeline.profile.stacks
    output.append("{\"$schema\":\"https://www.speedscope.app/file-format-schema.json\"")
    output.append(text: ",\"exporter\":\"tracectl\",\"name\":\(jsonText(stacks.trace))")
    output.append(text: ",\"activeProfileIndex\":0,\"tracectl\":[")
    for (index, comment) in ProfileComments.lines(of: timeline.profile).enumerated() {
      output.append(text: (index > 0 ? "," : "") + jsonText(comment))
    }
    output.append("],\"shared\":{\"frames\":[")
    var numbers = [UInt32](repeating: 0, count: stacks.frames.count)
    let count = writeFrames(timeline.profile, &numbers, to: &output)
    output.append("]},\"profiles\":[")
    let order = timeline.samplesByThread()
    let paths = StackPaths(stacks)
    let texts = numbers.map { DecimalText($0) }
    var isFirst = true
    for (index, thread) in timeline.threads.enumerated() where !order[index].isEmpty {
      if output.failure != 0 { return }
      if !isFirst { output.append(",\n") }
      isFirst = false
      write(thread, order[index], timeline, paths, texts, noStack: count, to: &output)
    }
    output.append("]}\n")
  }

  /// Writes the frames that are functions, and then one for samples without a stack. Returns the
  /// number of that one.
  private func writeFrames(
    _ profile: StackProfile, _ numbers: inout [UInt32], to output: inout OutputBuffer
  ) -> UInt32 {
    var count: UInt32 = 0
    for (index, frame) in profile.stacks.frames.frames.enumerated()
    where frame.kind != .process && frame.kind != .thread {
      numbers[index] = count
      count += 1
      output.append(text: "{\"name\":\(jsonText(frame.exportedName))")
      let origin = profile.origins[index]
      if !origin.file.isEmpty {
        output.append(text: ",\"file\":\(jsonText(origin.file))")
        if origin.line > 0 { output.append(text: ",\"line\":\(origin.line)") }
      } else if !frame.module.isEmpty {
        output.append(text: ",\"file\":\(jsonText(frame.module))")
      }
      output.append("},\n")
    }
    output.append("{\"name\":\"[no stack]\"}")
    return count
  }

  private func write(
    _ thread: TimelineThread, _ samples: ArraySlice<UInt32>, _ timeline: TraceTimeline,
    _ paths: StackPaths, _ texts: [DecimalText], noStack: UInt32, to output: inout OutputBuffer
  ) {
    let stacks = timeline.profile.stacks
    let unit =
      switch stacks.unit.hint {
      case .nanoseconds: "nanoseconds"
      case .microseconds: "microseconds"
      case .milliseconds: "milliseconds"
      case .bytes: "bytes"
      default: "none"
      }
    let name = "\(thread.process) (\(thread.pid)) \(thread.name) (\(thread.tid))"
    output.append(text: "{\"type\":\"sampled\",\"name\":\(jsonText(name)),\"unit\":\"\(unit)\"")
    output.append(",\"startValue\":0,\"samples\":[")
    var weights: [UInt64] = []
    var total: UInt64 = 0
    var last: UInt32?
    var path: [UInt32] = []
    for position in samples {
      let sample = timeline.samples[Int(position)]
      total &+= sample.weight
      if sample.node == last {
        weights[weights.count - 1] &+= sample.weight
        continue
      }
      last = sample.node
      if !weights.isEmpty { output.append(",") }
      weights.append(sample.weight)
      paths.write(sample.node, to: &path)
      output.append("[")
      for place in path.indices.reversed() {
        output.append(texts[Int(path[place])], isFirst: place == path.count - 1)
      }
      if path.isEmpty { output.append(decimal: UInt64(noStack)) }
      output.append("]")
    }
    output.append("],\"weights\":[")
    for (index, weight) in weights.enumerated() {
      if index > 0 { output.append(",") }
      output.append(decimal: weight)
    }
    output.append(text: "],\"endValue\":\(total)}")
  }
}
