import TraceEvents
import TraceFormat

@testable import TraceKernel

/// Facts about processes from a recording's header, as in an importer; independent of this machine.
struct RecordedProcessFacts: ProcessFacts {
  var processes: [UInt32: KnownProcess] = [:]
  var names: [UInt32: String] = [:]
  /// Build ids by path, as in a recording's table.
  var buildIDs: [String: [UInt8]] = [:]
  var maps: [UInt32: [ProcessMap]] = [:]
  var ended: Set<UInt32> = []
  /// Processes that have their parent's memory.
  var sharers: Set<UInt32> = []

  func name(of pid: UInt32, thread: UInt32) -> String? { names[thread] }

  func process(_ pid: UInt32, at nanoseconds: UInt64) -> KnownProcess? { processes[pid] }

  func hasEnded(_ pid: UInt32, since nanoseconds: UInt64) -> Bool { ended.contains(pid) }

  func sharesMemory(_ pid: UInt32, with parent: UInt32) -> Bool { sharers.contains(pid) }

  func executable(of pid: UInt32) -> String? { processes[pid]?.executable }

  func buildID(of image: ImageMap, in pid: UInt32, mappedAt nanoseconds: UInt64?) -> [UInt8] {
    image.buildID.isEmpty ? buildIDs[image.path] ?? [] : image.buildID
  }

  func threads(of pid: UInt32) -> [UInt32] { names.keys.filter { $0 / 10 == pid / 10 }.sorted() }

  func forEachMap(of pid: UInt32, _ body: (ProcessMap) -> Void) { maps[pid]?.forEach(body) }
}

/// Collects a translator's output, as lines and as events.
final class CollectingSink: KernelEventSink {
  private(set) var processes: [ProcessRecord] = []
  private(set) var losses: [KernelLoss] = []
  private(set) var lines: [String] = []
  private(set) var stacks: [[UInt64]] = []
  private(set) var events: [any TraceEvent] = []

  func define(_ process: ProcessRecord) { processes.append(process) }

  func rename(process index: UInt32, to name: String) { lines.append("\(pid(index)) is \(name)") }

  func end(process index: UInt32, atTicks ticks: UInt64) {
    lines.append("\(pid(index)) ends at \(ticks)")
  }

  func lose(_ loss: KernelLoss) { losses.append(loss) }

  func add(_ event: some TraceEvent, _ header: KernelEventHeader) {
    events.append(event)
    let mark = header.flags.contains(.rundown) ? " (rundown)" : ""
    lines.append(
      "\(pid(header.process))/\(header.tid) \(type(of: event)) at \(header.ticks)\(mark)")
  }

  func add(_ event: some TraceEvent, stack: [UInt64], _ header: KernelEventHeader) {
    stacks.append(stack)
    add(event, header)
  }

  func events<Event: TraceEvent>(_: Event.Type) -> [Event] { events.compactMap { $0 as? Event } }

  private func pid(_ index: UInt32) -> UInt32 {
    processes.last { $0.index == index }?.pid ?? .max
  }
}
