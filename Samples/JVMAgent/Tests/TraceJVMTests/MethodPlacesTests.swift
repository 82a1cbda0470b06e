import Testing

@testable import TraceJVM

@Suite struct MethodPlacesTests {
  @Test func everyMethodHasARangeOfItsOwn() throws {
    var places = MethodPlaces(base: 0x1000, bytes: 1 << 12)
    var end = places.overflow.base + UInt64(places.overflow.size)
    for (id, byteCodes) in [(UInt64(1), Int64(0)), (2, 15), (3, 16), (4, 100)] {
      let made = places.insert(id, byteCodes: byteCodes, owner: 7)
      let place = try #require(made)
      #expect(place.base >= end)
      // The return address after the last byte code is inside.
      #expect(Int64(place.size) > byteCodes)
      #expect(places[id] == place)
      end = place.base + UInt64(place.size)
    }
  }

  @Test func aRangeIsUsedAgainOnlyAfterItsMethodIsGone() throws {
    var places = MethodPlaces(base: 0x1000, bytes: 16 + 32)
    let made = places.insert(1, byteCodes: 20, owner: 7)
    let first = try #require(made)
    let refused = places.insert(2, byteCodes: 20, owner: 7)
    #expect(refused == nil)
    let removed = [places.remove(1), places.remove(1)]
    #expect(removed == [first, nil])
    #expect(places[1] == nil)
    let second = places.insert(2, byteCodes: 20, owner: 8)
    #expect(second?.base == first.base)
  }

  @Test func theNumberOfMethodsIsBounded() {
    var places = MethodPlaces(base: 0x1000, bytes: 1 << 20, limit: 3)
    var made: [Bool] = []
    for id in UInt64(1)...5 { made.append(places.insert(id, byteCodes: 4, owner: 7) != nil) }
    #expect(made == [true, true, true, false, false])
    _ = places.remove(2)
    let fifth = places.insert(5, byteCodes: 4, owner: 7)
    #expect(fifth != nil)
  }

  @Test func hugeAndNegativeSizesAreBounded() {
    var places = MethodPlaces(base: 0x1000, bytes: 1 << 20)
    let sizes = [Int64.max, .min].enumerated().map { (UInt64($0.offset), $0.element) }
    var found: [UInt32?] = []
    for (id, byteCodes) in sizes {
      found.append(places.insert(id, byteCodes: byteCodes, owner: 7)?.size)
    }
    #expect(found == [0x10000, 16])
  }
}
