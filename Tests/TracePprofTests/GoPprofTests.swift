import TestSupport
import Testing

/// The profiles, as `go tool pprof` reads them.
@Suite(.needs(.program("go")), .serialized) struct GoPprofTests {
  @Test func hotFunctionsHaveTheirShares() throws {
    let subject = try Subject()
    let top = try subject.pprof(
      "-top", "-sample_index=cpu", "-unit=ms", path: "profile?seconds=3&rate=200")
    let heavy = try #require(share(of: "heavy", in: top), "\(top)")
    let light = try #require(share(of: "light", in: top), "\(top)")
    #expect((60...88).contains(heavy) && (12...40).contains(light), "\(top)")
    let work = try #require(share(of: "work", in: top), "\(top)")
    #expect(work > 95 && share(of: "main", in: top) ?? 0 > 95, "\(top)")
    #expect(top.contains("Type: cpu") && top.contains("Duration: 3"), "\(top)")
  }

  /// The cumulative share of a function of the sample, in percent.
  private func share(of name: String, in top: String) -> Double? {
    for line in top.split(separator: "\n") where line.contains("PprofSample.\(name)(") {
      let words = line.split(separator: " ")
      return words.count > 4 ? Double(words[4].dropLast()) : nil
    }
    return nil
  }

  @Test func everythingIsSymbolized() throws {
    let subject = try Subject()
    let raw = try subject.pprof("-raw", path: "profile?seconds=1")
    #expect(raw.contains("samples/count cpu/nanoseconds"), "\(raw)")
    #expect(raw.contains("PeriodType: cpu nanoseconds\nPeriod: 10101010"), "\(raw)")
    #expect(raw.contains(/PprofSample\.swift:[1-9]/), "\(raw)")
    let mapping = /1: 0x0\/0x[0-9a-f]+\/0x0 \S*\/pprof-server [0-9a-f]{16,} \[FN\]/
    #expect(raw.contains(mapping), "\(raw)")
    #expect(raw.contains("main"), "\(raw)")
    let traces = try subject.pprof("-traces", path: "profile?seconds=1")
    #expect(traces.contains("heavy") && traces.contains("work"), "\(traces)")
    let peek = try subject.pprof("-peek=heavy", path: "profile?seconds=1")
    #expect(peek.contains("work"), "\(peek)")
    let tags = try subject.pprof("-tags", path: "profile?seconds=1")
    #expect(tags.contains(/thread: Total/) || tags.contains(/tid: Total/), "\(tags)")
  }

  @Test func threadsAreListed() throws {
    let subject = try Subject()
    for name in ["threads", "goroutine"] {
      let raw = try subject.pprof("-raw", path: name)
      #expect(raw.contains("\(name)/count"), "\(raw)")
      #expect(raw.contains("epoll_wait"), "\(raw)")
      let top = try subject.pprof("-top", "-cum", path: name)
      #expect(top.contains("PprofSample.work"), "\(top)")
    }
  }

  @Test func aTokenIsAPassword() throws {
    let subject = try Subject("secret")
    let raw = try subject.pprof("-raw", path: "threads", user: "pprof:secret@")
    #expect(raw.contains("threads/count"), "\(raw)")
    #expect(try subject.get("").status == 401)
    let own = "Host: 127.0.0.1:\(subject.port)\r\nAuthorization: Bearer "
    #expect(try subject.get("", head: own + "secret\r\n").status == 200)
    #expect(try subject.get("", head: own + "secreT\r\n").status == 401)
  }
}
