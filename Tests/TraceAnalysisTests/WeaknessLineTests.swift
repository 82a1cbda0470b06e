import TestSupport
import Testing
import TraceEvents
import TraceFormat
import TraceSymbols

@testable import TraceAnalysis

/// Known weaknesses of other tools concerning lines, images and reasons.
@Suite struct WeaknessLineTests {
  private let start: UInt64 = 0x7f00_0000_1000

  private func load(
    _ name: String, _ address: UInt64, methodID: UInt64, version: UInt64 = 0,
    tier: MethodTier = .unknown
  ) -> MethodLoad {
    MethodLoad(
      methodID: methodID, startAddress: address, size: 0x100, tier: tier, namespace: "",
      name: name, signature: "", reJITID: version)
  }

  private func lines(
    _ first: UInt32, _ address: UInt64, methodID: UInt64, version: UInt64 = 0
  ) -> MethodILToNativeMap {
    MethodILToNativeMap(
      methodID: methodID, reJITID: version, startAddress: address, ilOffsets: [0, 4],
      nativeOffsets: [0, 0x10], lines: [first, first + 1], sourceFile: "a.cs")
  }

  @Test func w9_eachTierKeepsItsLines() throws {
    let other = start + 0x1000
    let trace = try NamedTrace {
      $0.add(load("m", start, methodID: 5), at: .ms(1), pid: 7)
      $0.add(lines(10, start, methodID: 5), at: .ms(1), pid: 7)
      $0.add(load("m", other, methodID: 5, version: 1), at: .ms(20), pid: 7)
      $0.add(lines(20, other, methodID: 5, version: 1), at: .ms(20), pid: 7)
      $0.add(lines(90, other, methodID: 6), at: .ms(21), pid: 7)
    }
    #expect(trace.line(start + 0x18, at: .ms(30)) == 11)
    #expect(trace.line(other + 0x18, at: .ms(30)) == 21)
  }

  @Test func w9_theNextOccupantHasLinesOfItsOwn() throws {
    let trace = try NamedTrace {
      $0.add(load("m", start, methodID: 5), at: .ms(1), pid: 7)
      $0.add(lines(10, start, methodID: 5), at: .ms(1), pid: 7)
      $0.add(load("m", start, methodID: 5, version: 1), at: .ms(20), pid: 7)
      $0.add(lines(20, start, methodID: 5, version: 1), at: .ms(20), pid: 7)
      // Code without lines: the lines of former code at the address are not used.
      $0.add(load("n", start, methodID: 8), at: .ms(40), pid: 7)
    }
    #expect(trace.line(start + 8, at: .ms(10)) == 10)
    #expect(trace.line(start + 8, at: .ms(30)) == 20)
    #expect(trace.line(start + 8, at: .ms(50)) == nil)
  }

  @Test func w9_anotherProcessKeepsItsLines() throws {
    let trace = try NamedTrace {
      for (index, pid) in [UInt32(7), 8, 9].enumerated() {
        let first = UInt32(index) * 100 + 10
        $0.add(load("m", start, methodID: 5), at: .ms(1), pid: pid)
        $0.add(lines(first, start, methodID: 5), at: .ms(1), pid: pid)
      }
      $0.add(
        MethodUnload(
          methodID: 5, startAddress: start, size: 0x100, namespace: "", name: "m", signature: ""),
        at: .ms(20), pid: 8)
      $0.add(load("m", start, methodID: 5, version: 1), at: .ms(30), pid: 8)
      $0.add(lines(500, start, methodID: 5, version: 1), at: .ms(30), pid: 8)
    }
    #expect(trace.line(start + 8, at: .ms(40), pid: 7) == 10)
    #expect(trace.line(start + 8, at: .ms(10), pid: 8) == 110)
    #expect(trace.line(start + 8, at: .ms(40), pid: 8) == 500)
    #expect(trace.line(start + 8, at: .ms(40), pid: 9) == 210)
  }

  @Test func w10_precompiledCodeHasItsNamesWithoutARundownAtTheEnd() throws {
    let image = ImageMap(
      baseAddress: start, size: 0x1000, fileOffset: 0x2000, path: "/opt/app.dll")
    let trace = try NamedTrace(images: [OneFunction()], isClosed: false) {
      $0.add(image, at: .ms(1), pid: 7)
      // Code announced by the runtime when the session began; elsewhere, the image's name is used.
      $0.add(
        load("precompiled", start, methodID: 3, tier: .readyToRun), at: .ms(2), pid: 7,
        isRundown: true)
    }
    #expect(trace.name(start + 8, at: .ms(10)) == "precompiled")
    #expect(trace.name(start + 0x208, at: .ms(10)) == "exported")
    #expect(trace.name(start + 0x408, at: .ms(10)) == "(no symbol)")
  }

  @Test func w12_everyReasonIsSaid() throws {
    let images = [("gone", UInt64(0)), ("other", 0x1000), ("bare", 0x2000)]
    let trace = try NamedTrace(images: [OneFunction()]) {
      for (name, offset) in images {
        $0.add(
          ImageMap(
            baseAddress: 0x40_0000 + offset, size: 0x1000, fileOffset: 0, path: "/lib/\(name)"),
          at: .ms(1), pid: 7)
      }
      $0.add(load("m", start, methodID: 1), at: .ms(5000), pid: 7)
      $0.add(
        MethodUnload(
          methodID: 1, startAddress: start, size: 0x100, namespace: "", name: "m", signature: ""),
        at: .ms(6000), pid: 7)
      $0.process(9, "")
      $0.writer.loss(
        LossRecord(
          stream: 0, cpu: 0, cause: .bufferFull, count: 3,
          fromTicks: SampledTrace.start + .ms(30_000), toTicks: SampledTrace.start + .ms(31_000),
          processIndex: 9))
      $0.sample(at: .ms(32_000), pid: 9, stack: [start])
    }
    #expect(trace.name(0x1234, at: .ms(10)) == "(never announced)")
    #expect(trace.name(start + 8, at: .ms(10)) == "(announced too late)")
    #expect(trace.name(start + 8, at: .ms(6500)) == "(unloaded)")
    #expect(trace.name(0x40_0008, at: .ms(10)) == "(image not found)")
    #expect(trace.name(0x40_1008, at: .ms(10)) == "(build id differs)")
    #expect(trace.name(0x40_2008, at: .ms(10)) == "(no symbol)")
    #expect(trace.name(0xffff_ffff_8100_0000, at: .ms(10)) == "(kernel names hidden)")
    // For the process that lost events, around that time; not for others, and not long before.
    #expect(trace.name(0x1234, at: .ms(32_000), pid: 9) == "(events lost)")
    #expect(trace.name(0x1234, at: .ms(32_000), pid: 7) == "(never announced)")
    #expect(trace.name(0x1234, at: .ms(10_000), pid: 9) == "(never announced)")
  }

  /// Names one offset of an image's file; reports problems of images depending on their names.
  private final class OneFunction: ImageSymbolProvider {
    func function(atFileOffset offset: UInt64, in image: ImageIdentity) -> ImageAnswer {
      switch image.path {
      case "/lib/gone": .imageNotFound
      case "/lib/other": .buildIDDiffers
      case _ where offset / 0x100 == 0x22:
        .function(FunctionSymbol(offset: 0x2200, size: 0x100, name: "exported"))
      default: .noSymbol
      }
    }

    func line(atFileOffset offset: UInt64, in image: ImageIdentity) -> SourceLine? { nil }
  }
}
