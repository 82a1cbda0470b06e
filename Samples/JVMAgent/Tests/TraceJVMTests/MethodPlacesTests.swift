import Testing

@testable import TraceJVM

@Suite struct MethodPlacesTests {
  @Test func everyMethodHasARangeOfItsOwn() throws {
    var places = MethodPlaces(base: 0x1000, bytes: 1 << 12)
    var end = places.overflow.base + UInt64(places.overflow.size)
    for (id, byteCodes) in [(UInt64(1), Int64(0)), (2, 15), (3, 16), (4, 100)] {
      let place = try #require(places.insert(id, byteCodes: byteCodes, owner: 7))
      #expect(place.base >= end)
      // The return address behind the last byte code lies inside.
      #expect(Int64(place.size) > byteCodes)
      #expect(places[id] == place)
      end = place.base + UInt64(place.size)
    }
  }

  @Test func aRangeIsUsedAgainOnlyAfterItsMethodIsGone() throws {
    var places = MethodPlaces(base: 0x1000, bytes: 16 + 32)
    let first = try #require(places.insert(1, byteCodes: 20, owner: 7))
    #expect(places.insert(2, byteCodes: 20, owner: 7) == nil)
    #expect(places.remove(1) == first)
    #expect(places.remove(1) == nil)
    #expect(places[1] == nil)
    #expect(places.insert(2, byteCodes: 20, owner: 8)?.base == first.base)
  }

  @Test func theNumberOfMethodsIsBounded() {
    var places = MethodPlaces(base: 0x1000, bytes: 1 << 20, limit: 3)
    let made = (1...5).map { places.insert(UInt64($0), byteCodes: 4, owner: 7) != nil }
    #expect(made == [true, true, true, false, false])
    _ = places.remove(2)
    #expect(places.insert(5, byteCodes: 4, owner: 7) != nil)
  }

  @Test func hugeAndNegativeSizesAreBounded() {
    var places = MethodPlaces(base: 0x1000, bytes: 1 << 20)
    #expect(places.insert(1, byteCodes: .max, owner: 7)?.size == 0x10000)
    #expect(places.insert(2, byteCodes: .min, owner: 7)?.size == 16)
  }
}
