import Foundation
import TestSupport
import Testing
import TraceAnalysis
import TraceSymbols

@testable import TracePprof

/// What is kept from one request for the next.
@Suite(.serialized) struct KnownNamesTests {
  private func place(_ name: String) -> KnownNames.Place {
    KnownNames.Place(
      answer: .function(FunctionSymbol(offset: 0, size: 1, name: name)), frames: .some(nil))
  }

  @Test func theyAreBounded() {
    let known = KnownNames()
    let image = ImageIdentity(path: "/a")
    known.keep(place("first"), at: 1, in: image)
    known.keep(place("again"), at: 1, in: image)
    #expect(known.count == 1)
    for offset in 0..<UInt64(2 * KnownNames.placesMax) {
      known.keep(place("f"), at: offset, in: image)
      #expect(known.count <= KnownNames.placesMax)
    }
    let last = UInt64(2 * KnownNames.placesMax - 1)
    guard case .function(let function) = known.place(last, in: image).answer else {
      Issue.record("the last name is not kept")
      return
    }
    #expect(function.name == "f")
    let long = String(repeating: "n", count: KnownNames.bytesMax / 4)
    for offset in 0..<20 as Range<UInt64> {
      known.keep(place(long), at: offset, in: ImageIdentity(path: "/b"))
      #expect(known.count <= KnownNames.placesMax)
    }
    #expect(known.count < 10)
  }

  @Test func laterRequestsAreFaster() throws {
    let subject = try Subject()
    func time() throws -> Double {
      let start = Date()
      #expect(try subject.get("threads?debug=2").text.contains("PprofSample.swift:"))
      return -start.timeIntervalSinceNow
    }
    let first = try time()
    let later = try (0..<5).map { _ in try time() }.min() ?? .infinity
    #expect(later < first / 2, "\(first) s, then \(later) s")
  }
}
