import OSStrings
import Testing

/// The kind of memory that a mapping's name denotes.
@Suite struct MappedNameTests {
  @Test(
    arguments: [
      ("", .anonymous), ("//anon", .anonymous), ("[heap]", .anonymous), ("[anon:jit]", .anonymous),
      ("/dev/zero", .anonymous), ("/dev/zero (deleted)", .anonymous),
      ("/SYSV00000000 (deleted)", .anonymous), ("/anon_hugepage (deleted)", .anonymous),
      ("anon_inode:i915.gem", .anonymous), ("/memfd:doublemapper (deleted)", .memoryFile),
      ("memfd:x", .memoryFile), ("[vdso]", .vdso), ("[vsyscall]", .vsyscall),
      ("//toolong", .other), ("/dev/dri/card0", .other), ("/[aio] (deleted)", .other),
      ("socket:[5]", .other), ("/usr/lib/libc.so.6", .file), ("/a b (deleted)", .file),
      ("/devel/x.so", .file), ("/memfdx", .file),
    ] as [(String, MappedName.Kind)])
  func kinds(_ shown: String, _ kind: MappedName.Kind) {
    #expect(MappedName(shown: shown).kind == kind)
  }

  @Test(arguments: [
    ("/a/jit-12.dump", 12), ("jit-7.dump", 7), ("/jit-5.dump (deleted)", 5), ("/jit-.dump", nil),
    ("/jit-1x.dump", nil), ("/jit-1.dump.bak", nil), ("/x/jit-99999999999.dump", nil),
    ("/jit-5.dump/x", nil), ("/jit-٣.dump", nil),
    (String(repeating: "/x", count: 2048) + "/jit-5.dump", nil),
  ])
  func jitdumpsAreKnownByTheirNames(_ path: String, _ pid: UInt32?) {
    let kind = MappedName(shown: path).kind
    #expect(kind == pid.map { .jitdump(writer: $0) } ?? kind)
    #expect(kind.isJitdump == (pid != nil))
  }

  @Test(arguments: ["/a", "/a (deleted)", "/a (deleted) (deleted)", " (deleted)", ""])
  func theMarkOfADeletedFileComesBack(_ shown: String) {
    let name = MappedName(shown: shown)
    #expect(name.shown == shown)
    #expect(name.isDeleted == shown.hasSuffix(" (deleted)"))
  }
}
