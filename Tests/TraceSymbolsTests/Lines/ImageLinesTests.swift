import Foundation
import TestSupport
import Testing

@testable import TraceSymbols

/// Lines and inlined calls of compiled programs, compared with those of binutils.
@Suite(.randomized, .needs(.program("g++"))) struct ImageLinesTests {
  @Test(
    .needs(.program("addr2line")),
    arguments: ["-gdwarf-5", "-gdwarf-4", "-gdwarf-3", "-gz", "-fno-pie -no-pie", "-static"])
  func framesAreThoseOfAddr2line(options: String) throws {
    let program = try #require(CompiledProgram(options: options))
    let lines = try #require(ImageLines(path: program.path, expected: nil))
    let instructions = try program.instructions()
    #expect(instructions.contains { lines.frames(atFileOffset: $0.offset)?.inlined.count == 2 })
    let addresses = instructions.map(\.address)
    let expected = try #require(AddressToLine.frames(addresses, in: program.path))
    #expect(expected.count == instructions.count)
    for (instruction, frames) in zip(instructions, expected) {
      let found = lines.frames(atFileOffset: instruction.offset)
      #expect((found ?? SourceFrames()).matches(frames), "\(instruction): \(frames)")
    }
  }

  /// Without binutils: the lines are those of the source.
  @Test func aCallInsideACallStandsBelowIt() throws {
    let program = try #require(CompiledProgram())
    let lines = try #require(ImageLines(path: program.path, expected: nil))
    let total = try program.offsets(of: "_Z5totalRKSt6vectorIlSaIlEE")
    let deepest = total.compactMap { lines.frames(atFileOffset: $0) }
      .filter { $0.inlined.last?.name.contains("square") == true }
    #expect(!deepest.isEmpty)
    for frames in deepest {
      #expect(frames.line?.shortName == "demo.cc:24")
      #expect(
        frames.inlined.map { Demangler.displayName($0.name).display.prefix { $0 != "(" } } == [
          "long shapes::sum<long>", "square",
        ])
      #expect(frames.inlined.first?.line?.shortName == "demo.cc:14")
      #expect(["demo.cc:5", "demo.cc:6"].contains(frames.innermost?.shortName))
    }
  }

  @Test(.needs(.program("objcopy"))) func aDebugFileHasTheLines() throws {
    let program = try #require(CompiledProgram())
    let instructions = try program.instructions()
    let whole = try #require(ImageLines(path: program.path, expected: nil))
    let expected = instructions.map { whole.frames(atFileOffset: $0.offset) }
    #expect(program.split())
    let split = try #require(ImageLines(path: program.path, expected: nil))
    #expect(split.path == program.path + ".debug")
    #expect(instructions.map { split.frames(atFileOffset: $0.offset) } == expected)
  }

  @Test(.needs(.program("objcopy"))) func anotherBuildsDebugFileHasNone() throws {
    let program = try #require(CompiledProgram())
    let other = try #require(CompiledProgram(options: "-DOTHER -fno-inline"))
    #expect(program.split() && other.split())
    try FileManager.default.removeItem(atPath: program.path + ".debug")
    try FileManager.default.copyItem(
      atPath: other.path + ".debug", toPath: program.path + ".debug")
    #expect(ImageLines(path: program.path, expected: nil) == nil)
  }

  @Test func anotherBuildHasNoLines() throws {
    let program = try #require(CompiledProgram())
    let expected = try #require(BuildID([UInt8](repeating: 7, count: 20)))
    #expect(ImageLines(path: program.path, expected: expected) == nil)
    let own = try #require(BuildID.ofFile(at: program.path))
    #expect(ImageLines(path: program.path, expected: own) != nil)
  }

  /// The entries are in another file, which is not opened; the lines are in this one.
  @Test func splitUnitsHaveLinesOnly() throws {
    let program = try #require(CompiledProgram(options: "-gsplit-dwarf"))
    let lines = try #require(ImageLines(path: program.path, expected: nil))
    let total = try program.offsets(of: "_Z5totalRKSt6vectorIlSaIlEE")
    let frames = total.compactMap { lines.frames(atFileOffset: $0) }
    #expect(frames.contains { $0.line?.shortName == "demo.cc:24" })
    #expect(frames.allSatisfy { $0.inlined.isEmpty })
  }

  /// Code dropped by the linker keeps its lines, from address 0 on, where they may overlap existing
  /// code.
  @Test func droppedCodeGivesNobodyItsLines() throws {
    let dropped = (0..<6000).map { "  value = value * 3 + rand() + \($0);" }
    let source =
      CompiledProgram.inlining + "\nlong unused(long value) {\n"
      + dropped.joined(separator: "\n") + "\n  return value;\n}\n"
    let program = try #require(
      CompiledProgram(source, options: "-ffunction-sections -Wl,--gc-sections"))
    let lines = try #require(ImageLines(path: program.path, expected: nil))
    for instruction in try program.instructions() {
      for line in lines.frames(atFileOffset: instruction.offset)?.lines ?? [] {
        #expect(line.line < 40 || !line.file.hasSuffix("demo.cc"), "\(line)")
      }
    }
  }

  /// Damage anywhere in the debug information yields other results or none, and never hangs.
  @Test func damageIsSurvived() throws {
    let program = try #require(CompiledProgram())
    let file = try ELFFile(path: program.path)
    let sections = file.sections.filter { $0.name.hasPrefix(".debug_") && $0.size > 0 }
    let instructions = try program.instructions()
    let bytes = try Foundation.Data(contentsOf: URL(filePath: program.path))
    var random = SeededGenerator()
    var answers = 0
    for round in 0..<40 {
      var damaged = bytes
      for _ in 0..<(1 + round / 4) {
        let section = sections.randomElement(using: &random)!
        damaged[Int(section.fileOffset) + random.below(Int(section.size))] =
          UInt8(random.below(256))
      }
      try damaged.write(to: URL(filePath: program.path))
      guard let lines = ImageLines(path: program.path, expected: nil) else { continue }
      for instruction in instructions where lines.frames(atFileOffset: instruction.offset) != nil {
        answers += 1
      }
    }
    #expect(answers > 0)
  }
}

extension SourceFrames {
  /// All lines of the frames.
  fileprivate var lines: [SourceLine] { ([line] + inlined.map(\.line)).compactMap(\.self) }
}
