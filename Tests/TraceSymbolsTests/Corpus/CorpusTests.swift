import TestSupport
import Testing

@_spi(Fuzzing) @testable import TraceSymbols

/// Every file of the fuzzer's corpora is read without failures, with consistent results, and the
/// seeds among them are understood.
@Suite struct CorpusTests {
  private func read(
    _ target: String, _ probe: (UnsafeRawBufferPointer) -> Int
  ) throws -> [String: Int] {
    var counts: [String: Int] = [:]
    for input in try Corpus.inputs(target) {
      counts[input.name] = input.bytes.withUnsafeBytes { probe($0) }
    }
    return counts
  }

  @Test func jitdumps() throws {
    let counts = try read("jitdump", JitdumpProbe.read)
    #expect(counts.count >= 35)
    for (name, least) in [
      "node": 40, "node-unwinding": 40, "minivm": 40, "minivm-killed": 5, "big-endian": 2,
      "version-2": 2, "julia-no-vma": 2, "cpython-macos-wide-thread": 1, "jvm-no-code": 3,
      "v8-freed-file-name": 3, "lines-of-others": 5, "moves-and-close": 6, "torn": 4, "zeros": 4,
      "claims-gigabytes": 2, "claims-megabytes": 2, "inside": 3,
    ] {
      #expect(counts[name] ?? 0 >= least, "\(name)")
    }
    #expect(counts["version-3"] == 0)
    #expect(counts["empty"] == 0)
  }

  @Test func perfMaps() throws {
    let counts = try read("perfmap", PerfMapProbe.read)
    #expect(counts.count >= 12)
    for (name, count) in [
      "node": 80, "dotnet": 2, "wasmtime": 2, "torn-lines": 3, "carriage-returns": 3,
      "zero-bytes": 2, "huge-numbers": 0, "not-text": 3, "overlong": 2, "tabs": 1, "no-numbers": 0,
    ] {
      #expect(counts[name] == count, "\(name)")
    }
  }

  @Test func images() throws {
    let counts = try read("elf", ImageProbe.read)
    #expect(counts.count >= 15)
    for (name, least) in [
      "whole": 15, "stripped": 3, "debugdata": 15, "debuglink": 3, "no-sections-gnu-hash": 2,
      "no-sections-old-hash": 2, "lazy-endbranch": 15, "object-aarch64": 2, "object-i386": 2,
      "object-s390x": 2, "object-arm": 2, "sections-of-functions": 2,
    ] {
      #expect(counts[name] ?? 0 >= least, "\(name): \(counts[name] ?? 0)")
    }
  }

  @Test(.needs(.x86)) func stacks() throws {
    let counts = try read("unwind", UnwindProbe.read)
    #expect(counts.count >= 6)
    for name in ["frames", "alloca", "no-index", "linkage", "pointers", "vdso"] {
      #expect(counts[name] ?? 0 >= 2, "\(name): \(counts[name] ?? 0)")
    }
  }

  /// Each byte of the small seeds is changed, so that the formats' numbers become zero, large or
  /// negative.
  @Test(arguments: [0x01, 0x80, 0xff] as [UInt8])
  func everyByteOfSmallSeeds(mask: UInt8) throws {
    for (target, probe) in [
      ("jitdump", JitdumpProbe.read), ("perfmap", PerfMapProbe.read),
    ] as [(String, (UnsafeRawBufferPointer) -> Int)] {
      for input in try Corpus.inputs(target) where input.bytes.count < 300 {
        for place in input.bytes.indices {
          var changed = input.bytes
          changed[place] ^= mask
          _ = changed.withUnsafeBytes { probe($0) }
        }
      }
    }
  }
}
