import TestSupport
import Testing
import TraceEvents
import TraceFormat

@testable import TraceAnalysis

/// Known weaknesses of other tools concerning short-lived code.
@Suite struct WeaknessTests {
  private let start: UInt64 = 0x7f00_0000_1000

  private func load(_ name: String, _ address: UInt64, _ size: UInt32 = 0x100) -> MethodLoad {
    MethodLoad(
      methodID: 0, startAddress: address, size: size, namespace: "", name: name, signature: "")
  }

  private func unload(_ name: String, _ address: UInt64, _ size: UInt32 = 0x100) -> MethodUnload {
    MethodUnload(
      methodID: 0, startAddress: address, size: size, namespace: "", name: name, signature: "")
  }

  @Test func w1_aNameThatComesAfterTheSampleIsApplied() throws {
    let trace = try NamedTrace {
      $0.sample(at: .ms(10), pid: 7, stack: [start + 8])
      $0.add(load("late", start), at: .ms(60), pid: 7)
      $0.sample(at: .ms(70), pid: 7, stack: [start + 8])
    }
    #expect(trace.name(start + 8, at: .ms(10)) == "late~")
    #expect(trace.name(start + 8, at: .ms(70)) == "late")
    #expect(try trace.stacks() == ["[jit]!late 2"])
  }

  @Test func w2_theNewOccupantHasItsNameAndTheOldOneKeepsIts() throws {
    let trace = try NamedTrace {
      $0.add(load("old", start), at: .ms(1), pid: 7)
      $0.sample(at: .ms(10), pid: 7, stack: [start + 8])
      $0.add(unload("old", start), at: .ms(20), pid: 7)
      $0.sample(at: .ms(30), pid: 7, stack: [start + 8])
      $0.add(load("new", start), at: .ms(2000), pid: 7)
      $0.sample(at: .ms(2010), pid: 7, stack: [start + 8])
      $0.add(unload("new", start), at: .ms(2020), pid: 7)
      $0.sample(at: .ms(2030), pid: 7, stack: [start + 8])
    }
    #expect(
      try trace.stacks() == [
        "?!? (announced too late) 1", "?!? (unloaded) 1", "[jit]!new 1", "[jit]!old 1",
      ])
  }

  @Test func w3_aPartThatIsUsedAgainEndsTheWhole() throws {
    let trace = try NamedTrace {
      $0.add(load("first", start, 0x200), at: .ms(1), pid: 7)
      // Replaces its tail, then its head with a lower start: neither has its start address.
      $0.add(load("tail", start + 0x180, 0x100), at: .ms(20), pid: 7)
      $0.add(load("head", start - 0x80, 0x100), at: .ms(40), pid: 7)
    }
    #expect(trace.name(start + 0x1a0, at: .ms(10)) == "first")
    #expect(trace.name(start + 0x1a0, at: .ms(30)) == "tail")
    #expect(trace.name(start + 0x100, at: .ms(30)) == "(unloaded)")
    #expect(trace.name(start + 0x10, at: .ms(50)) == "head")
    #expect(trace.name(start + 0x90, at: .ms(50)) == "(unloaded)")
    #expect(trace.name(start + 0x1a0, at: .ms(50)) == "tail")
  }

  @Test func w4_killedProcessWithoutRundown() throws {
    // Only loads: the process and the collector are killed, so the end is not reported.
    let trace = try NamedTrace(isClosed: false) {
      $0.add(load("first", start), at: .ms(1), pid: 7)
      $0.sample(at: .ms(10), pid: 7, stack: [start + 8, start + 0x20])
      $0.add(load("second", start), at: .ms(20), pid: 7)
      $0.sample(at: .ms(30), pid: 7, stack: [start + 8, start + 0x20])
    }
    #expect(try trace.stacks() == ["[jit]!first;[jit]!first 1", "[jit]!second;[jit]!second 1"])
  }

  @Test func w4_killedProcessWhoseUnloadsWereTold() throws {
    let trace = try NamedTrace(isClosed: false) {
      $0.add(load("first", start), at: .ms(1), pid: 7)
      $0.add(unload("first", start), at: .ms(15), pid: 7)
      $0.add(load("second", start), at: .ms(20), pid: 7)
    }
    #expect(trace.name(start + 8, at: .ms(10)) == "first")
    #expect(trace.name(start + 8, at: .ms(30)) == "second")
  }

  @Test func w5_missingUnloadAndARundownAtTheEnd() throws {
    let trace = try NamedTrace {
      $0.add(load("first", start), at: .ms(1), pid: 7)
      $0.sample(at: .ms(10), pid: 7, stack: [start + 8])
      $0.add(load("second", start), at: .ms(20), pid: 7)
      $0.sample(at: .ms(30), pid: 7, stack: [start + 8])
      // Announced again at the end as existing code, which does not affect earlier code.
      $0.add(load("second", start), at: .ms(90), pid: 7, isRundown: true)
    }
    #expect(try trace.stacks() == ["[jit]!first 1", "[jit]!second 1"])
  }

  @Test func w6_loadedBeforeTheTraceAndGoneBeforeItsEnd() throws {
    let trace = try NamedTrace {
      $0.sample(at: .ms(10), pid: 7, stack: [start + 8])
      $0.add(unload("dynamic", start), at: .ms(5000), pid: 7)
      $0.add(load("next", start), at: .ms(6000), pid: 7)
      $0.add(load("next", start), at: .ms(9000), pid: 7, isRundown: true)
    }
    #expect(trace.name(start + 8, at: .ms(10)) == "dynamic")
    #expect(trace.name(start + 8, at: .ms(4999)) == "dynamic")
    #expect(trace.name(start + 8, at: .ms(6001)) == "next")
    #expect(try trace.stacks() == ["[jit]!dynamic 1"])
  }

  @Test func w6_theHotMethodThatWasReplacedByItsNextTier() throws {
    // Tier 0 was compiled before the trace and is freed when tier 1 is in place elsewhere.
    let trace = try NamedTrace {
      $0.sample(at: .ms(10), pid: 7, stack: [start + 8])
      $0.add(load("hot", start + 0x1000), at: .ms(3000), pid: 7)
      $0.add(unload("hot", start), at: .ms(3001), pid: 7)
      $0.sample(at: .ms(4000), pid: 7, stack: [start + 0x1008])
    }
    #expect(try trace.stacks() == ["[jit]!hot 2"])
  }

  @Test func w7_kernelAndUserPathAfterTheUnload() throws {
    let kernel: UInt64 = 0xffff_ffff_8100_0000
    let trace = try NamedTrace {
      $0.add(load("caller", start), at: .ms(1), pid: 7)
      $0.sample(at: .ms(10), pid: 7, stack: [start + 8])
      $0.add(unload("caller", start), at: .ms(20), pid: 7)
      $0.add(load("next", start), at: .ms(25), pid: 7)
      // The same address from the kernel, at an earlier time: it follows later in the file.
      $0.stream = 1
      $0.sample(at: .ms(11), pid: 7, stack: [kernel + 4, kernel + 8, start + 8])
      // The address at which the kernel was entered is exact: a method's first byte belongs to that
      // method.
      $0.sample(at: .ms(12), pid: 7, stack: [kernel + 4, start])
    }
    #expect(trace.name(start + 8, at: .ms(11)) == "caller")
    #expect(
      try trace.stacks() == [
        "[jit]!caller 1", "[jit]!caller;[k]!? (kernel names hidden) 1",
        "[jit]!caller;[k]!? (kernel names hidden);[k]!? (kernel names hidden) 1",
      ])
  }

  @Test(arguments: [CodeSource.jitdump, .perfMap])
  func w8_reuseWithoutUnload(_ source: CodeSource) throws {
    let trace = try NamedTrace {
      for (index, name) in ["first", "second", "third"].enumerated() {
        $0.add(
          CodeLoad(
            address: start, size: 0x100, codeIndex: UInt64(index), source: source, name: name),
          at: .ms(UInt64(index) * 20 + 1), pid: 7)
        $0.sample(at: .ms(UInt64(index) * 20 + 10), pid: 7, stack: [start + 8])
      }
    }
    #expect(try trace.stacks() == ["[jit]!first 1", "[jit]!second 1", "[jit]!third 1"])
  }

  @Test func w8_memoryThatIsMappedTwice() throws {
    let writable = start + 0x10_0000
    let trace = try NamedTrace {
      for base in [start, writable] {
        $0.add(
          ImageMap(
            baseAddress: base, size: 0x1000, fileOffset: 0,
            path: "/memfd:doublemapper (deleted)"), at: .ms(1), pid: 7)
        $0.add(load("twice", base), at: .ms(2), pid: 7)
      }
      // The kernel reports the mapping again when it grows; its code is kept.
      $0.add(
        ImageMap(
          baseAddress: start, size: 0x2000, fileOffset: 0, path: "/memfd:doublemapper (deleted)"),
        at: .ms(5), pid: 7)
      $0.sample(at: .ms(10), pid: 7, stack: [start + 8])
      $0.sample(at: .ms(11), pid: 7, stack: [writable + 8])
    }
    #expect(try trace.stacks() == ["[jit]!twice 2"])
    let ids = [start, writable].map {
      trace.symbolizer.resolve(pid: 7, address: $0 + 8, at: .ms(10), isCaller: false).symbolID
    }
    #expect(ids[0] != nil && ids[0] == ids[1])
  }
}
