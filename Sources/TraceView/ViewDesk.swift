internal import Locks
internal import NIOCore
internal import TraceExport
internal import TraceFormat

/// Answers requests: it checks them, looks into the cache, and leaves the rest to its workers.
final class ViewDesk: Sendable {
  private struct State {
    var cache = AnswerCache()
    /// Those who wait for an answer that is being made.
    var waiting: [String: [EventLoopPromise<Answer>]] = [:]
  }

  let guardian: RequestGuard
  private let shared = SharedFiles()
  private let options: ViewOptions
  private let state = Lock(State())
  /// Timelines; rows of events; reports. Each has its own copy of the trace's index, so that a long
  /// report does not hold up the others.
  private let screens: Worker
  private let rows: Worker
  private let reports: Worker

  init(_ options: ViewOptions, _ guardian: RequestGuard) throws(Refusal) {
    (self.options, self.guardian) = (options, guardian)
    let make = { @Sendable in Workplace(options) }
    (screens, rows, reports) = (try Worker(make), try Worker(make), try Worker(make))
    // What the page asks for first.
    _ = screens.add { place in _ = try? place.timeline(0) }
    _ = rows.add { place in
      _ = try? place.prepareTable(0)
    }
  }

  /// Ends the workers after their current jobs.
  func end() {
    for worker in [screens, rows, reports] { worker.end() }
  }

  /// Returns the answer to a request. It never fails: an error is an answer, too.
  func answer(_ request: RequestGuard.Request, on loop: any EventLoop) -> EventLoopFuture<Answer> {
    do throws(Refusal) {
      if request.target.hasPrefix("/shared/") {
        return loop.makeSucceededFuture(try sharedFile(request))
      }
      let query = try guardian.admit(request)
      let path = query.path.dropFirst()
      if path.isEmpty, !request.target.split(separator: "?")[0].hasSuffix("/") {
        var answer = Answer(status: 308, mediaType: "text/plain", bytes: [])
        answer.location = "/\(guardian.token)/"
        return loop.makeSucceededFuture(answer)
      }
      guard path.first == "api" else { return loop.makeSucceededFuture(try asset(path)) }
      return try dispatch(query, Array(path.dropFirst()), on: loop)
    } catch {
      return loop.makeSucceededFuture(error.answer)
    }
  }

  private func sharedFile(_ request: RequestGuard.Request) throws(Refusal) -> Answer {
    let path = try guardian.admitShared(request)
    guard var answer = shared.answer(path, origins: request.origins) else {
      throw Refusal(404, "There is no shared file at this address, or not for this page.")
    }
    if request.method == "OPTIONS" { answer.bytes = [] }
    return answer
  }

  /// Makes the file that a viewer of another site reads.
  private func share(_ file: TraceFile, _ query: Query, _ place: Workplace) throws -> Answer {
    guard let viewer = SharedFiles.Viewer.all.first(where: { $0.name == query.text("viewer") })
    else { throw Refusal(400, "There is no such viewer.") }
    let made = try ExportRoute.answer(file, query, place, format: viewer.format)
    let path = shared.add(made, for: viewer)
    return Answer { $0.field("path", path) }
  }

  private func asset(_ path: ArraySlice<String>) throws(Refusal) -> Answer {
    let name = path.isEmpty ? "index.html" : path.joined(separator: "/")
    guard let asset = ViewAsset.all[name] else {
      throw Refusal(404, "There is no page of this name.")
    }
    return Answer(mediaType: asset.mediaType, bytes: Array(asset.bytes))
  }

  private func dispatch(
    _ query: Query, _ path: [String], on loop: any EventLoop
  ) throws(Refusal) -> EventLoopFuture<Answer> {
    typealias Make = @Sendable (TraceFile, Query, Workplace) throws -> Answer
    let (worker, make): (Worker, Make)
    switch (path.first, path.count) {
    case ("state", 1): (worker, make) = (screens, StateRoute.answer)
    case ("timeline", 1): (worker, make) = (screens, TimelineRoute.answer)
    case ("events", 1):
      // The first rows do not wait for the table of all.
      let isFirst = try EventFilter(query).admitsAll && (query.text("row") ?? "0") == "0"
      (worker, make) = (isFirst ? screens : rows, EventRoute.answer)
    case ("types", 1): (worker, make) = (screens, StateRoute.types)
    case ("event", 1): (worker, make) = (reports, EventRoute.event)
    case ("flame", 1): (worker, make) = (reports, FlameRoute.answer)
    case ("source", 1): (worker, make) = (reports, SourceRoute.answer)
    case ("export", 1): (worker, make) = (reports, ExportRoute.answer)
    case ("share", 1): (worker, make) = (reports, share)
    case ("compare", 1): (worker, make) = (reports, CompareRoute.answer)
    case ("report", 2):
      guard let route = ReportRoute.byName[path[1]] else {
        throw Refusal(404, "There is no report of this name.")
      }
      (worker, make) = (reports, route.make)
    default: throw Refusal(404, "There is nothing at this address.")
    }
    let number = try query.number("file", in: 0...9, default: 0)
    return answer(query, number, worker, make, on: loop)
  }

  private func answer(
    _ query: Query, _ number: Int, _ worker: Worker,
    _ make: @escaping @Sendable (TraceFile, Query, Workplace) throws -> Answer,
    on loop: any EventLoop
  ) -> EventLoopFuture<Answer> {
    let marks = options.paths.map { FileMark($0).text }.joined(separator: ",")
    let key = marks + "/" + query.key
    // Whether a file is being written can change although the file does not; a share is one only.
    let isKept = !["state", "share"].contains(query.path.last)
    let promise = loop.makePromise(of: Answer.self)
    let (known, isFirst) = state.withLock { state -> (Answer?, Bool) in
      if let known = state.cache.answer(key) { return (known, false) }
      state.waiting[key, default: []].append(promise)
      return (nil, state.waiting[key]?.count == 1)
    }
    if let known {
      promise.succeed(known)
    } else if isFirst {
      let isTaken = worker.add { [self] place in
        settle(key, result(query, number, place, make), isKept: isKept)
      }
      if !isTaken {
        let refusal = Answer(status: 503, error: "Too many requests wait; try again later.")
        settle(key, refusal, isKept: false)
      }
    }
    return promise.futureResult
  }

  private func settle(_ key: String, _ answer: Answer, isKept: Bool) {
    let waiting = state.withLock { state in
      if isKept, answer.status == 200 { state.cache.add(key, answer) }
      return state.waiting.removeValue(forKey: key) ?? []
    }
    for promise in waiting { promise.succeed(answer) }
  }

  private func result(
    _ query: Query, _ number: Int, _ place: Workplace,
    _ make: (TraceFile, Query, Workplace) throws -> Answer
  ) -> Answer {
    do {
      return try make(place.file(number), query, place)
    } catch let refusal as Refusal {
      return refusal.answer
    } catch {
      let path = options.paths.indices.contains(number) ? options.paths[number] : ""
      let sentence = options.explain(error, path) ?? "The trace cannot be read: \(error)"
      return Answer(status: 422, error: sentence)
    }
  }
}

/// The latest answers.
///
/// - Guarantee: at most ``bytesMax`` bytes.
struct AnswerCache {
  static let bytesMax = 48 << 20

  private var answers: [String: Answer] = [:]
  private var order: [String] = []
  private var bytes = 0

  mutating func answer(_ key: String) -> Answer? {
    guard let answer = answers[key] else { return nil }
    if let place = order.firstIndex(of: key) { order.append(order.remove(at: place)) }
    return answer
  }

  mutating func add(_ key: String, _ answer: Answer) {
    let size = answer.bytes.count + key.utf8.count + 200
    guard answers[key] == nil, size <= Self.bytesMax / 2 else { return }
    while bytes + size > Self.bytesMax, !order.isEmpty {
      let oldest = order.removeFirst()
      if let gone = answers.removeValue(forKey: oldest) {
        bytes -= gone.bytes.count + oldest.utf8.count + 200
      }
    }
    answers[key] = answer
    order.append(key)
    bytes += size
  }
}
