internal import TraceEvents
public import TraceFormat
internal import TraceKernel

/// Imports perf.data files: those that `perf record` writes into a file, and those that it writes
/// into a pipe (`perf record -o -`). `Docs/importers.md` has the table of what becomes what.
///
/// - Guarantee: samples are in the order in which `perf script` shows them, with the same weights,
///   threads, times and addresses. Nothing of the recorded machine is looked up on this one, unless
///   host, kernel and boot are the same, or a build id says that a file is the one that was mapped.
/// - Cost: about two microseconds for a sample with a stack. Memory is that of the records between
///   two rounds of perf's reading, at most 32 MiB.
public struct PerfDataImporter: Importer {
  /// Creates an importer.
  public init() {}

  /// "a perf.data file".
  public var kind: String { "a perf.data file" }

  /// Whether the file begins with the magic number of perf.data, in either byte order.
  public func recognizes(_ prefix: UnsafeRawBufferPointer) -> Bool {
    let magic = prefix.prefix(8)
    return magic.elementsEqual(PerfFileHeader.magic)
      || magic.elementsEqual(PerfFileHeader.swappedMagic)
  }

  /// Reads a recording and writes it as a trace.
  ///
  /// - Throws: ``ImportError/unusable(path:reason:)`` if the file was written on a machine of the
  ///   other byte order, has no header, or has no events.
  public func convert(
    _ source: ImportSource, to sink: any ByteSink
  ) throws(ImportError) -> ImportReport {
    let conversion = try PerfConversion(source, sink)
    return try conversion.run()
  }
}

/// One conversion of a perf.data file.
final class PerfConversion {
  private let source: ImportSource
  private let output: any ByteSink
  private let header: PerfFileHeader
  private var events = PerfEvents()
  private var features = PerfFeatures()
  private let queue = PerfQueue()
  private var translation: PerfTranslation?
  private var kernelText: UInt64?
  private var report = ImportReport()
  private var error: ImportError?
  private var outOfOrder: UInt64 = 0
  private var lastTime: UInt64 = 0
  private var place: PerfPlace?

  init(_ source: ImportSource, _ output: any ByteSink) throws(ImportError) {
    self.source = source
    self.output = output
    let start = source.bytes(at: 0, count: 104, limit: 104)
    if start.starts(with: PerfFileHeader.swappedMagic) {
      throw .unusable(
        path: source.name, reason: "was written on a machine of the other byte order")
    }
    guard let header = start.withUnsafeBytes(PerfFileHeader.init) else {
      throw .unusable(path: source.name, reason: "ends within the header of a perf.data file")
    }
    self.header = header
  }

  func run() throws(ImportError) -> ImportReport {
    var (start, end) = (header.size, source.byteCount)
    if let places = header.places {
      readAttributes(places)
      (start, end) = dataRange(places)
      readFeatures(places, at: end)
    }
    let reader = PerfRecordReader(source, from: start, to: end)
    reader.onTracingData = { [self] bytes in features.tracepoints.read(bytes) }
    reader.read { [self] kind, record in take(kind, record) }
    report.damage += reader.damage
    guard !events.all.isEmpty else {
      throw error ?? .unusable(path: source.name, reason: "has no events that can be read")
    }
    beginIfNeeded()
    queue.deliver(to: .max) { deliver($0, $1) }
    if let error { throw error }
    return try finish(reader)
  }

  // MARK: Header

  /// Entries of attributes, each of which ends with the place of its ids.
  private func readAttributes(_ places: PerfFileHeader.Places) {
    let size = Int(clamping: places.attributeBytes)
    let section = places.attributes
    guard size >= PerfAttributes.bytesMin + 16, size <= PerfAttributes.bytesMax else {
      report.damage.append("has events whose attributes take \(size) bytes, which is impossible")
      return
    }
    let bytes = source.bytes(
      at: section.offset, count: section.size, limit: PerfEvents.eventsMax * size)
    if UInt64(bytes.count) < section.size { report.damage.append("lacks some of its events") }
    bytes.withUnsafeBytes { all in
      for offset in stride(from: 0, through: all.count - size, by: size) {
        let entry = UnsafeRawBufferPointer(rebasing: all[offset..<offset + size])
        let place = ForeignBytes(entry)
        let ids = source.bytes(
          at: place.word64(size - 16), count: place.word64(size - 8), limit: 8 << 20)
        add(PerfAttributes(UnsafeRawBufferPointer(rebasing: entry.dropLast(16))), ids)
      }
    }
  }

  private func add(_ attributes: PerfAttributes, _ ids: [UInt8]) {
    ids.withUnsafeBytes { bytes in
      let words = ForeignBytes(bytes)
      events.add(attributes, ids: (0..<bytes.count / 8).lazy.map { words.word64(8 * $0) })
    }
  }

  /// Where the records are: up to the end of the file if perf was killed, or the file is cut.
  private func dataRange(_ places: PerfFileHeader.Places) -> (UInt64, UInt64) {
    let data = places.data
    guard data.size > 0 else {
      report.damage.append(
        "was not finished by 'perf record'; it lacks names of events and of the machine")
      return (data.offset, source.byteCount)
    }
    let (end, overflows) = data.offset.addingReportingOverflow(data.size)
    if overflows || end > source.byteCount {
      let missing = overflows ? data.size : end - source.byteCount
      report.damage.append(
        "is cut: \(missing) bytes of its records are missing, and the names after them")
      return (data.offset, source.byteCount)
    }
    return (data.offset, end)
  }

  private func readFeatures(_ places: PerfFileHeader.Places, at end: UInt64) {
    guard places.data.size > 0 else { return }
    let numbers = header.featureNumbers
    let table = source.bytes(at: end, count: UInt64(numbers.count) * 16, limit: 256 * 16)
    var missing = 0
    for (index, number) in numbers.enumerated() {
      let (offset, size) = table.withUnsafeBytes {
        (ForeignBytes($0).word64(16 * index), ForeignBytes($0).word64(16 * index + 8))
      }
      let bytes = source.bytes(at: offset, count: size, limit: PerfFeatures.bytesMax)
      if table.count < 16 * (index + 1) || UInt64(bytes.count) < size { missing += 1 }
      bytes.withUnsafeBytes { features.read(number, $0, &events) }
    }
    if missing > 0 {
      report.damage.append("lacks \(missing) of \(numbers.count) sections after its records")
    }
  }

  // MARK: Records

  /// Takes a record as it is found; returns false if the trace cannot be written any more.
  private func take(_ kind: UInt32, _ record: UnsafeRawBufferPointer) -> Bool {
    guard kind < PerfFileRecord.attributes else {
      takeOwn(kind, record)
      return error == nil
    }
    noteKernel(kind, record)
    let isSample = kind == 9
    guard let event = events.index(of: record, isSample: isSample) else { return true }
    let layout = events.all[Int(event)].layout
    let time =
      isSample ? layout.time(ofSample: record) : layout.stamp(record)?.nanoseconds ?? 0
    if time == 0, translation != nil {
      deliver(record, .init(time: 0, offset: 0, size: 0, event: event))
    } else {
      if queue.isFull {
        beginIfNeeded()
        queue.makeRoom { deliver($0, $1) }
      }
      queue.add(record, time: time == .max ? 0 : time, event: event)
    }
    return error == nil
  }

  /// Takes a record that perf itself wrote.
  private func takeOwn(_ kind: UInt32, _ record: UnsafeRawBufferPointer) {
    let bytes = ForeignBytes(record)
    switch kind {
    case PerfFileRecord.attributes:
      let size = min(Int(bytes.word32(12)), record.count - 8)
      guard size >= PerfAttributes.bytesMin else { return }
      add(PerfAttributes(bytes.slice(8, size)), Array(bytes.slice(8 + size, record.count)))
    case PerfFileRecord.feature:
      let number = Int(clamping: bytes.word64(8))
      features.read(number, bytes.slice(16, record.count), &events)
    case PerfFileRecord.buildID: features.addBuildID(record)
    case PerfFileRecord.eventUpdate where bytes.word64(8) == 2:
      events.setName(id: bytes.word64(16), bytes.text(24, record.count))
    case PerfFileRecord.finishedRound:
      // The first round ends before the time of the trace's beginning is certain.
      if translation != nil || queue.earliest != nil { beginIfNeeded() }
      if translation != nil { queue.endRound { deliver($0, $1) } }
    default: break
    }
  }

  /// Notes where the kernel lies: a mapping of no process, whose offset is the address of _text.
  private func noteKernel(_ kind: UInt32, _ record: UnsafeRawBufferPointer) {
    guard kind == 1, kernelText == nil else { return }
    let bytes = ForeignBytes(record)
    guard bytes.word32(8) == .max, bytes.text(40, record.count) == "[kernel.kallsyms]_text" else {
      return
    }
    kernelText = bytes.word64(32)
  }

  private func deliver(_ record: UnsafeRawBufferPointer, _ entry: PerfQueue.Entry) {
    if entry.time > 0, entry.time < lastTime { outOfOrder += 1 }
    lastTime = max(lastTime, entry.time)
    translation?.take(
      record, time: entry.time, event: entry.event, events, features.tracepoints)
    if let failure = translation?.sink.failure { error = .output(failure) }
  }

  // MARK: The trace

  private func beginIfNeeded() {
    guard translation == nil, error == nil else { return }
    let start = queue.earliest ?? 0
    let place = PerfPlace(
      source, features, clock: events.clock, start: start, kernelText: kernelText)
    self.place = place
    let machine = MachineDescription(
      hostName: features.host, operatingSystem: "Linux \(features.release)",
      architecture: features.architecture, cpuCount: features.cpuCount)
    let session = SessionDescription(
      name: features.arguments.isEmpty
        ? "perf record" : features.arguments.joined(separator: " ").cut(toBytes: 1000),
      clock: .monotonic, ticksPerSecond: 1_000_000_000, start: place.sync(at: start),
      machine: machine)
    do throws(FormatError) {
      var recorder = try Recorder(to: output, name: source.name, session: session)
      recorder.define(
        provider: ProviderSchema(
          name: SystemSchema.providerName, keywords: SystemSchema.keywords, events: []))
      translation = PerfTranslation(
        PerfSink(recorder), events, features, start: start, place: place)
    } catch { self.error = .output(error) }
  }

  private func finish(_ reader: PerfRecordReader) throws(ImportError) -> ImportReport {
    guard let translation, let place else { return report }
    translation.finish()
    report.notes += PerfNotes.sentences(translation, events, place)
    if reader.auxiliaryBytes > 0 {
      report.notes.append(
        "\(reader.auxiliaryBytes) bytes of AUX data (traces of a processor) were skipped")
    }
    if outOfOrder > 0 { report.notes.append("\(outOfOrder) records came too late for their order") }
    let sink = translation.sink
    PerfNotes.writeSampling(sink, events, translation, report)
    sink.synchronize(place.sync(at: max(translation.now, lastTime)))
    sink.finish()
    if let failure = sink.failure { throw .output(failure) }
    report.events = sink.eventCount
    report.lost = sink.lost
    return report
  }
}
