import Glibc
import OSStrings
import TestSupport
import Testing
import TraceEvents

@testable import TraceSession

/// The files that are opened, and their possible paths.
@Suite struct CodeFilePlaceTests {
  @Test func linksPipesAndDirectoriesAreRefused() throws {
    for (make, word) in Self.impostors {
      let fixture = try CodeFileFixture()
      let target = try WrittenFile(fixture.directory.path + "/target")
      target.write("1000 20 secret\n")
      #expect(make(target.path, fixture.sleeper.mapPath) == 0)
      fixture.tell(.mayHaveMap)
      fixture.end()
      #expect(fixture.output.loads.isEmpty)
      #expect(fixture.problems.count == 1)
      #expect(fixture.problems.first?.contains(word) == true, "\(fixture.problems)")
      rmdir(fixture.sleeper.mapPath)
    }
  }

  static let impostors: [(@Sendable (String, String) -> Int32, String)] = [
    ({ symlink($0, $1) }, "is a symbolic link"),
    ({ mkfifo($1, 0o600) }, "is not a regular file"),
    ({ mkdir($1, 0o700) }, "is not a regular file"),
  ]

  @Test(arguments: ["TMPDIR", "DOTNET_PerfMapJitDumpPath", "COMPlus_PerfMapJitDumpPath"])
  func aMapLiesWhereTheEnvironmentSays(_ variable: String) throws {
    let directory = TemporaryDirectory()
    let sleeper = try Sleeper(["env", "\(variable)=\(directory.path)/", "sleep", "1000"])
    try sleeper.waitForProgram("sleep")
    let fixture = try CodeFileFixture(sleeper)
    // A file left by another process with the same pid at the usual path does not hide it.
    let stale = try fixture.map("1000 20 stale\n")
    #expect(utimensat(AT_FDCWD, stale.path, [timespec(), timespec()], 0) == 0)
    fixture.tell(.mayHaveMap)
    fixture.read()
    let map = try WrittenFile(directory.path + "/perf-\(sleeper.pid).map")
    map.write("1000 20 own\n")
    fixture.end()
    #expect(fixture.output.names == ["own"])
    #expect(fixture.output.files.map(\.path) == [map.path])
  }

  @Test func pathsOfAMapFromAnEnvironment() {
    func paths(_ environment: String) -> [String] {
      PerfMapPaths.paths(number: 7, environment: Array(environment.utf8))
    }
    #expect(paths("") == ["/tmp/perf-7.map"])
    #expect(paths("TMPDIR=/tmp//\0A=b") == ["/tmp/perf-7.map"])
    #expect(paths("XTMPDIR=/x\0TMPDIR=/a\0TMPDIR=/b\0") == ["/a/perf-7.map", "/tmp/perf-7.map"])
    // A relative path, an empty one, an entry without "=", and a path that is too long.
    let long = "/" + String(repeating: "x", count: CodeFileLimits.pathBytes)
    for value in ["TMPDIR=a", "TMPDIR=", "TMPDIR", "TMPDIR=\(long)"] {
      #expect(paths(value) == ["/tmp/perf-7.map"])
    }
    #expect(
      paths("TMPDIR=/t\0DOTNET_PerfMapJitDumpPath=/d")
        == ["/d/perf-7.map", "/t/perf-7.map", "/tmp/perf-7.map"])
    let bytes = Array("TMPDIR=/".utf8) + [0xff, 0xfe]
    // A path's bytes need not be UTF-8.
    let found = PerfMapPaths.paths(number: 7, environment: bytes)
    #expect(found.first?.osBytes == [0x2f, 0xff, 0xfe] + Array("/perf-7.map".utf8))
    #expect(found.count == 2)
  }

  @Test(.needs(.root)) func aStrangersFileIsRefused() throws {
    let fixture = try CodeFileFixture()
    let map = try fixture.map("1000 20 forged\n")
    #expect(chown(map.path, 12_345, 12_345) == 0)
    fixture.tell(.mayHaveMap)
    fixture.end()
    #expect(fixture.output.loads.isEmpty)
    #expect(fixture.problems == ["\(map.path) " + FollowedFile.Refusal.owner(12_345).text!])
  }

  /// A perf map that belongs to root was not written by a user's process.
  @Test(.needs(.root, .program("setpriv"), .program("perl"))) func rootsFileIsNotAUsersMap() throws
  {
    let nobody = OtherUserTests.nobody
    let sleeper = try Sleeper(
      ["setpriv", "--reuid=\(nobody)", "--regid=\(nobody)", "--clear-groups", "sleep", "1000"])
    try waitUntil { ProcFiles.user(of: sleeper.pid) == UInt32(nobody) }
    let fixture = try CodeFileFixture(sleeper)
    let map = try fixture.map("1000 20 secret\n")
    fixture.tell(.mayHaveMap)
    fixture.read()
    #expect(fixture.output.loads.isEmpty)
    #expect(fixture.problems == ["\(map.path) " + FollowedFile.Refusal.owner(0).text!])
    // Its own file is read; the kernel decides with the process's rights.
    #expect(chown(map.path, uid_t(nobody), gid_t(nobody)) == 0 && chmod(map.path, 0o600) == 0)
    #expect(throws: Never.self) { try ProcessPlace(pid: sleeper.pid).open(map.path) }
    #expect(chmod(map.path, 0) == 0)
    #expect(throws: FollowedFile.Refusal.system(EACCES)) {
      try ProcessPlace(pid: sleeper.pid).open(map.path)
    }
  }

  @Test func anotherFileThanTheMappedOneIsRefused() throws {
    let fixture = try CodeFileFixture()
    let dump = try WrittenFile(fixture.dumpPath)
    dump.write(DumpBytes.header(pid: fixture.pid))
    var status = stat()
    #expect(stat(dump.path, &status) == 0)
    fixture.tell(
      .mapped(
        path: dump.path, device: UInt64(status.st_dev), inode: UInt64(status.st_ino) + 1))
    fixture.end()
    #expect(fixture.problems == ["\(dump.path) " + FollowedFile.Refusal.replaced.text!])
  }

  @Test func aRelativePathIsOfTheProcesssDirectory() throws {
    let directory = "/tmp"
    let sleeper = try Sleeper(["env", "-C", directory, "sleep", "1000"])
    let fixture = try CodeFileFixture(sleeper)
    let name = "jit-\(sleeper.pid).dump"
    let dump = try WrittenFile(directory + "/" + name)
    defer { unlink(dump.path) }
    dump.write(DumpBytes.header(pid: sleeper.pid))
    dump.write(DumpBytes.wholeLoad("f", pid: sleeper.pid, at: 0x1000))
    try waitUntil {
      var link = [UInt8](repeating: 0, count: 256)
      let count = link.withUnsafeMutableBytes {
        readlink("/proc/\(sleeper.pid)/cwd", $0.baseAddress!, 255)
      }
      return String(decoding: link.prefix(max(count, 0)), as: UTF8.self) == directory
    }
    fixture.tell(.mapped(path: name, device: 0, inode: 0))
    fixture.read()
    #expect(fixture.output.names == ["f"])
  }

  @Test func jitdumpsOfProcessesThatJoinedAreFoundInTheirMaps() throws {
    let fixture = try CodeFileFixture()
    let own = UInt32(getpid())
    let path = fixture.directory.path + "/jit-\(own).dump"
    let dump = try WrittenFile(path)
    dump.write(DumpBytes.header(pid: own))
    dump.write(DumpBytes.wholeLoad("f", pid: own, at: 0x1000))
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    let marker = mmap(nil, 4096, PROT_READ, MAP_PRIVATE, descriptor, 0)
    close(descriptor)
    defer { munmap(marker, 4096) }
    let joined = ConnectedImages.Process(pid: own, index: 5)
    fixture.follower.take(connected: [joined], atTicks: 1)
    fixture.read()
    #expect(fixture.output.names == ["f"])
    dump.write(DumpBytes.wholeLoad("g", pid: own, at: 0x2000))
    fixture.follower.take(connected: [], atTicks: 9)
    fixture.read()
    #expect(fixture.output.names == ["f", "g"])
    #expect(fixture.output.loads.map(\.owner.process) == [5, 5])
    #expect(fixture.output.loads[1].owner.endTicks == 9)
    #expect(fixture.follower.isIdle)
  }

  @Test func numbersAndUsersOfAProcess() {
    let text = "Name:\tx\nUid:\t1000\t0\t1000\t1000\nNSpid:\t4711\t12\t1\nGid:\t5\n"
    let (users, numbers) = ProcessPlace.parse(status: text)
    #expect(users == [1000, 0] && numbers == [4711, 12, 1])
    #expect(ProcessPlace.parse(status: "nothing").numbers.isEmpty)
    let own = ProcessPlace(pid: UInt32(getpid()))
    #expect(own.users.contains(geteuid()) && own.isKnown && !own.isElsewhere)
  }

  // MARK: Containers

  static let unshare =
    ["unshare"] + (geteuid() == 0 ? [] : ["--map-root-user"])
    + ["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]

  @Test(.needs(.namespaces)) func aContainersFilesAreFoundInItsRoot() throws {
    let script = """
      mount -t tmpfs none /tmp && mkdir /tmp/app && cd /tmp/app && echo 1000 20 inner \
      > /tmp/perf-1.map && touch jit-1.dump ready && exec sleep 1000
      """
    let container = try Sleeper(Self.unshare + ["sh", "-c", script])
    let inner = try Self.childOf(container.pid)
    let fixture = try CodeFileFixture(container)
    let place = ProcessPlace(pid: inner)
    #expect(place.numbers == [inner, 1] && place.isElsewhere)
    func tell(_ kind: CodeFileNotice.Kind) {
      fixture.follower.take(CodeFileNotice(kind: kind, pid: inner, process: 5, ticks: 1))
    }
    let dump = try WrittenFile(Self.root(of: inner) + "tmp/app/jit-1.dump")
    dump.write(DumpBytes.header(pid: 1))
    dump.write(DumpBytes.wholeLoad("dumped", pid: 1, at: 0x3000))
    tell(.mapped(path: "/tmp/app/jit-1.dump", device: 0, inode: 0))
    tell(.mayHaveMap)
    fixture.read()
    #expect(Set(fixture.output.names) == ["dumped", "inner"])
    // The container ends, and its files are gone.
    dump.write(DumpBytes.wholeLoad("last", pid: 1, at: 0x4000))
    kill(pid_t(inner), SIGKILL)
    tell(.ended)
    fixture.read()
    #expect(fixture.output.names.last == "last")
    #expect(fixture.problems.isEmpty)
  }

  private static func root(of pid: UInt32) -> String { "/proc/\(pid)" + "/root" + "/" }

  /// Waits until it has run its script.
  private static func childOf(_ pid: UInt32) throws -> UInt32 {
    var child: UInt32?
    try waitUntil("the namespace's first process is ready") {
      let children = WholeFile.text("/proc/\(pid)/task/\(pid)/children")
      child = children.split(separator: " ").first.flatMap { UInt32($0) }
      return child.map { access(Self.root(of: $0) + "tmp/app/ready", F_OK) == 0 } ?? false
    }
    return child!
  }
}
