internal import TraceAnalysis
internal import TraceEvents
internal import TraceFormat

/// Collects the events of a timeline by thread, as markers, and its counters.
struct FirefoxMarkers: ~Copyable, TimelineWriter {
  /// Maximum number of bytes of all markers; the page cannot show more anyway.
  static let bytesMax = 96 << 20
  /// Key of the marker type of running time.
  private static let running = "running"
  private static let loss = "events lost"

  private struct Marker {
    var time: Int64
    /// Equal to ``time`` for an instant.
    var end: Int64
    /// Position in the types; ``FirefoxMarkers/isRunning`` and ``isLoss`` are none of them, nor are
    /// those from ``FirefoxMarkers/firstSpan`` downwards, which are kinds of intervals.
    var type: Int32
    /// Range in the texts: the fields as JSON.
    var from: Int
    var to: Int
  }

  private static let isRunning: Int32 = -1
  private static let isLoss: Int32 = -2
  private static let firstSpan: Int32 = -3

  /// The place of a marker that may become an interval.
  private struct Begun {
    var key: UInt64
    var index: Int
  }

  private struct Counter {
    var name: String
    var pid: UInt32
    var times: [Int64] = []
    var values: [Double] = []
  }

  let fields: EventArguments
  private(set) var threads: [TimelineThread] = []
  /// Number of events that are left out.
  private(set) var leftOut: UInt64 = 0
  private var markers: [UInt64: [Marker]] = [:]
  private var texts: [UInt8] = []
  private var count = 0
  private var started: [UInt64: Int64] = [:]
  private var series: [Counter] = []
  private var counterNumbers: [String: Int] = [:]
  private let sink = MarkerSink()
  private let timeline: TraceTimeline
  private let spans: SpanRules
  /// Fields of an event that ends an interval whose names the beginning has, too.
  private let stopFields: EventArguments
  private var begun: [SpanRules.Key: Begun] = [:]

  init(_ timeline: TraceTimeline) {
    self.timeline = timeline
    fields = EventArguments(timeline.eventTypes, keyPrefix: "_")
    stopFields = EventArguments(timeline.eventTypes, keyPrefix: "_" + SpanRules.stopPrefix)
    spans = SpanRules(timeline.eventTypes)
  }

  var hasFailed: Bool { false }

  mutating func thread(_ thread: TimelineThread) { threads.append(thread) }

  private mutating func add(
    _ key: UInt64, _ type: Int32, from time: Int64, to end: Int64,
    _ write: (inout OutputBuffer) -> Void
  ) {
    guard texts.count + count * MemoryLayout<Marker>.stride < Self.bytesMax else {
      leftOut += 1
      return
    }
    sink.bytes.removeAll(keepingCapacity: true)
    var output = OutputBuffer(sink, capacity: 4096)
    write(&output)
    output.flush()
    let start = texts.count
    texts += sink.bytes
    markers[key, default: []].append(
      Marker(time: time, end: end, type: type, from: start, to: texts.count))
    count += 1
  }

  mutating func contextSwitch(
    _ header: EventHeader, _ direction: SwitchDirection, _ state: ThreadState
  ) {
    let key = UInt64(header.pid) << 32 | UInt64(header.tid)
    if direction == .on {
      started[key] = header.timestamp
    } else if let start = started.removeValue(forKey: key), start <= header.timestamp {
      let cpu = header.cpu
      add(key, Self.isRunning, from: start, to: header.timestamp) {
        $0.append(text: ",\"_cpu\":\(cpu)")
      }
    }
  }

  mutating func event(_ event: borrowing RawEvent) {
    let key = UInt64(event.header.pid) << 32 | UInt64(event.header.tid)
    let time = event.header.timestamp
    guard texts.count + count * MemoryLayout<Marker>.stride < Self.bytesMax else {
      leftOut += 1
      return
    }
    let rule = spans.rules[event.typeIndex]
    if let rule, !rule.isStart, end(event, rule) { return }
    sink.bytes.removeAll(keepingCapacity: true)
    var output = OutputBuffer(sink, capacity: 4096)
    if event.fieldCount > 0 {
      output.append(",")
      fields.write(event, to: &output)
    }
    output.flush()
    let start = texts.count
    texts += sink.bytes
    markers[key, default: []].append(
      Marker(
        time: time, end: time, type: Int32(truncatingIfNeeded: event.typeIndex), from: start,
        to: texts.count))
    count += 1
    guard let rule, rule.isStart else { return }
    begun[spans.key(event, rule)] = Begun(key: key, index: (markers[key]?.count ?? 1) - 1)
  }

  /// Makes an interval of the marker of its beginning. Returns false if there is none, or if events
  /// may be missing in between.
  private mutating func end(_ event: borrowing RawEvent, _ rule: SpanRules.Rule) -> Bool {
    guard let place = begun.removeValue(forKey: spans.key(event, rule)),
      var marker = markers[place.key]?[place.index], marker.time <= event.header.timestamp,
      !timeline.mayHaveLost(event.header.pid, from: marker.time, to: event.header.timestamp)
    else { return false }
    sink.bytes.removeAll(keepingCapacity: true)
    var output = OutputBuffer(sink, capacity: 4096)
    if !rule.ownFields.isEmpty {
      output.append(",")
      fields.write(event, rule.ownFields, to: &output)
    }
    if !rule.sharedFields.isEmpty {
      output.append(",")
      stopFields.write(event, rule.sharedFields, to: &output)
    }
    output.flush()
    let start = texts.count
    let first = Array(texts[marker.from..<marker.to])
    texts += first
    texts += sink.bytes
    (marker.from, marker.to) = (start, texts.count)
    marker.end = event.header.timestamp
    marker.type = Self.firstSpan - Int32(truncatingIfNeeded: rule.kind)
    markers[place.key]?[place.index] = marker
    return true
  }

  mutating func counters(_ event: borrowing RawEvent) {
    let name = fields.counterName(event)
    let schema = fields.types[event.typeIndex].schema
    for field in fields.numbers[event.typeIndex] {
      let title = "\(name).\(schema.fields[field].name)"
      let key = "\(event.header.pid) \(title)"
      let number = counterNumbers[key] ?? series.count
      if number == series.count {
        counterNumbers[key] = number
        series.append(Counter(name: title, pid: event.header.pid))
      }
      series[number].times.append(event.header.timestamp)
      series[number].values.append(fields.value(event, field))
    }
  }

  mutating func loss(_ loss: LossLine) {
    guard let thread = threads.first else { return }
    add(thread.key, Self.isLoss, from: loss.to, to: loss.to) {
      $0.append(text: ",\"_count\":\(loss.count),\"_cause\":\(jsonText(loss.cause))")
    }
  }
}

/// Receives the text of one marker.
private final class MarkerSink: ByteSink {
  var bytes: [UInt8] = []

  func write(_ bytes: UnsafeRawBufferPointer) throws(SinkError) { self.bytes += bytes }
}

extension FirefoxMarkers {
  /// Writes the markers of a thread.
  func write(_ key: UInt64, _ tables: inout FirefoxTables, to output: inout OutputBuffer) {
    let own = markers[key] ?? []
    let texts = texts
    var names: [Int32: Int] = [:]
    var openings: [Int32: String] = [:]
    var categories: [Int32: String] = [:]
    for marker in own where names[marker.type] == nil {
      names[marker.type] = tables.string(name(of: marker.type))
      openings[marker.type] = "{\"type\":\(jsonText(typeKey(of: marker.type)))"
      categories[marker.type] = "\(category(of: marker.type).rawValue)"
    }
    let (strings, starts, colors) = (names, openings, categories)
    FirefoxTables.table(&output, own.count) {
      $0.column("name", own) { $0.append(text: "\(strings[$1.type] ?? 0)") }
      $0.column("startTime", own) { $0.append(milliseconds: $1.time) }
      $0.column("endTime", own) {
        if Self.isInterval($1.type) { $0.append(milliseconds: $1.end) } else { $0.append("null") }
      }
      $0.column("phase", own) { $0.append(Self.isInterval($1.type) ? "1" : "0") }
      $0.column("category", own) { $0.append(text: colors[$1.type] ?? "0") }
      $0.column("data", own) { output, marker in
        output.append(text: starts[marker.type] ?? "{\"type\":\"\"")
        texts[marker.from..<marker.to].withUnsafeBytes { output.append(ByteSlice($0)) }
        output.append("}")
      }
    }
  }

  private static func isInterval(_ type: Int32) -> Bool { type == isRunning || type <= firstSpan }

  private func name(of type: Int32) -> String {
    switch type {
    case Self.isRunning: Self.running
    case Self.isLoss: Self.loss
    case ...Self.firstSpan: exported(spans.kinds[Int(Self.firstSpan - type)].name)
    default: exported(fields.types[Int(type)].schema.name)
    }
  }

  private func typeKey(of type: Int32) -> String {
    if type <= Self.firstSpan { return key(ofSpan: Int(Self.firstSpan - type)) }
    return type < 0 ? name(of: type) : Self.key(of: fields.types[Int(type)].schema)
  }

  /// A provider may have events with the name of an interval.
  private func key(ofSpan kind: Int) -> String {
    exported("\(spans.kinds[kind].provider)/\(spans.kinds[kind].name)") + " (interval)"
  }

  private static func key(of schema: EventSchema) -> String {
    exported("\(schema.provider)/\(schema.name)")
  }

  private func category(of type: Int32) -> FirefoxCategory {
    if type == Self.isRunning { return .scheduler }
    if type <= Self.firstSpan {
      let start = spans.kinds[Int(Self.firstSpan - type)].starts.first
      return start.map { FirefoxCategory(fields.types[$0].schema) } ?? .other
    }
    return type < 0 ? .other : FirefoxCategory(fields.types[Int(type)].schema)
  }

  /// Writes the counters. The page adds up what a counter has, so that each value is written as the
  /// difference from the one before.
  func writeCounters(to output: inout OutputBuffer) {
    for (index, counter) in series.enumerated() {
      let main = threads.firstIndex { $0.pid == counter.pid } ?? 0
      output.append(
        text: """
          \(index > 0 ? ",\n" : ""){"name":\(jsonText(counter.name)),"category":"Other",\
          "description":"","pid":"\(counter.pid)","mainThreadIndex":\(main),"samples":
          """)
      let differences = counter.values.indices.map {
        counter.values[$0] - ($0 > 0 ? counter.values[$0 - 1] : 0)
      }
      FirefoxTables.table(&output, counter.times.count) {
        $0.column("time", counter.times) { $0.append(milliseconds: $1) }
        $0.column("count", differences) { $0.append(text: $1.isFinite ? "\($1)" : "0") }
      }
      output.append("}")
    }
  }

  /// Writes the schemas of all types of markers.
  func writeSchemas(to output: inout OutputBuffer) {
    func schema(_ key: String, _ fields: [(key: String, format: String)]) {
      output.append(
        text: "{\"name\":\(jsonText(key)),\"display\":[\"marker-chart\",\"marker-table\"],")
      output.append("\"fields\":[")
      for (index, field) in fields.enumerated() {
        output.append(
          text: (index > 0 ? "," : "")
            + "{\"key\":\(quoted("_" + field.key)),\"label\":\(jsonText(field.key)),"
            + "\"format\":\"\(field.format)\"}")
      }
      output.append("]}")
    }
    schema(Self.running, [("cpu", "integer")])
    output.append(",")
    schema(Self.loss, [("count", "integer"), ("cause", "string")])
    var known: Set<String> = []
    for type in fields.types where known.insert(Self.key(of: type.schema)).inserted {
      output.append(",\n")
      let names = uniqueNames(of: type.schema.fields)
      schema(
        Self.key(of: type.schema),
        zip(names, type.schema.fields).map { ($0, Self.format(of: $1)) })
    }
    for kind in spans.kinds.indices {
      output.append(",\n")
      schema(key(ofSpan: kind), spans.fields(of: kind).map { ($0.name, Self.format(of: $0.field)) })
    }
  }

  private static func format(of field: FieldSchema) -> String {
    guard case .one(.scalar(let scalar)) = field.type, scalar != .bool, scalar != .pointer else {
      return "string"
    }
    switch field.hint {
    case .bytes: return "bytes"
    case .nanoseconds: return "nanoseconds"
    case .microseconds: return "microseconds"
    case .milliseconds: return "milliseconds"
    case .hexadecimal, .codeAddress: return "string"
    default: return scalar == .float || scalar == .double ? "decimal" : "integer"
    }
  }
}
