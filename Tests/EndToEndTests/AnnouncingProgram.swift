import Glibc
import TestSupport
import Testing
import TraceAnalysis
import TraceEvents
import TraceFormat

/// A program that runs code at one address and announces it in a perf map, in the steps that its
/// arguments name.
struct AnnouncingProgram {
  let scratch: Scratch
  let path: String

  static let code: UInt64 = 0x2_0000_0000

  /// Steps: `add=NAME` appends an entry for the code to the process's map, `new=NAME` writes the
  /// map anew, `spin` runs the code for a tenth of a second, `until=NAME` for as long as the trace
  /// lacks something, `exec` runs the rest as a new program, and `child=N` runs the next N steps in
  /// a child that has the same memory.
  private static let source = #"""
    #define _GNU_SOURCE
    #include <fcntl.h>
    #include <sched.h>
    #include <signal.h>
    #include <stdio.h>
    #include <stdlib.h>
    #include <string.h>
    #include <sys/mman.h>
    #include <sys/wait.h>
    #include <time.h>
    #include <unistd.h>
    // push rbp; mov rbp, rsp; mov ecx, 0x10000; dec ecx; jnz; pop rbp; ret
    static const unsigned char loop[] = {
      0x55, 0x48, 0x89, 0xe5, 0xb9, 0, 0, 1, 0, 0xff, 0xc9, 0x75, 0xfc, 0x5d, 0xc3};
    static char *code, **steps;
    static int count;

    static double now(void) {
      struct timespec time;
      clock_gettime(CLOCK_MONOTONIC, &time);
      return time.tv_sec + time.tv_nsec * 1e-9;
    }

    static void announce(const char *name, int flags) {
      char path[512], line[256];
      snprintf(path, sizeof path, "%s/perf-%d.map", getenv("TMPDIR"), getpid());
      int file = open(path, O_WRONLY | O_CREAT | flags, 0600);
      int size = snprintf(line, sizeof line, "%lx 100 %s\n", (unsigned long)code, name);
      if (write(file, line, size) != size) _exit(3);
      close(file);
    }

    static void run(int first, int last);

    static int child(void *range) {
      run(((int *)range)[0], ((int *)range)[1]);
      return 0;
    }

    static void run(int first, int last) {
      for (int i = first; i < last; i++) {
        if (!strncmp(steps[i], "add=", 4)) announce(steps[i] + 4, O_APPEND);
        if (!strncmp(steps[i], "new=", 4)) announce(steps[i] + 4, O_TRUNC);
        if (!strcmp(steps[i], "spin"))
          for (double end = now() + .1; now() < end;) ((void (*)(void))code)();
        if (!strncmp(steps[i], "until=", 6)) {
          char path[512];
          snprintf(path, sizeof path, "%s/%s", getenv("TMPDIR"), steps[i] + 6);
          while (access(path, F_OK) != 0) ((void (*)(void))code)();
        }
        if (!strcmp(steps[i], "exec")) {
          steps[i] = steps[0];
          execv(steps[0], steps + i);
          _exit(4);
        }
        if (!strncmp(steps[i], "child=", 6)) {
          static int range[2];
          range[0] = i + 1;
          range[1] = i + 1 + atoi(steps[i] + 6);
          clone(child, malloc(65536) + 65536, CLONE_VM | SIGCHLD, range);
          i = range[1] - 1;
        }
      }
    }

    int main(int argc, char **argv) {
      steps = argv;
      count = argc;
      code = mmap((void *)0x200000000, 4096, 7, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
      memcpy(code, loop, sizeof loop);
      run(1, argc);
      while (wait(0) > 0) {}
      return 0;
    }
    """#

  init() throws {
    scratch = try Scratch()
    path = scratch.path("announcer")
    let text = fopen(path + ".c", "w")
    fputs(Self.source, text)
    fclose(text)
    try ChildProcess("gcc", ["-O1", "-o", path, path + ".c"], in: scratch).succeed()
  }

  /// The names of the code in one program, in order of time, with the times; "-" where it has none.
  struct Program {
    var names: [(name: String, time: Int64)] = []

    var all: Set<String> { Set(names.map(\.name)) }
    /// The names in the last part of the program's samples.
    func last(nanoseconds: Int64) -> Set<String> {
      let from = (names.last?.time ?? 0) - nanoseconds
      return Set(names.lazy.filter { $0.time >= from }.map(\.name))
    }
  }

  /// Runs shell commands under `collect`, and returns the programs that ran the code, in order of
  /// their first samples.
  ///
  /// - Parameter names: what the steps `until=` wait for, in order: the name of announced code, or
  ///   `shared` for a child that has its parent's memory.
  func collect(_ commands: String, waitingFor names: [String]) throws -> [Program] {
    let trace = scratch.path("trace.etl")
    let directory = scratch.path("maps")
    mkdir(directory, 0o700)
    let collection = try ChildProcess(
      Tools.tracectl,
      ["collect", "-providers", "CPU", "-o", trace, "--"]
        + ["env", "TMPDIR=\(directory)", "program=\(path)", "sh", "-c", commands], in: scratch)
    defer { collection.kill() }
    for name in names {
      try waitUntil("the trace has \(name)") { try has(name, trace) }
      close(open("\(directory)/\(name)", O_CREAT | O_WRONLY, 0o600))
    }
    try collection.succeed()
    return try programs(try TraceFile(path: trace))
  }

  private func has(_ name: String, _ trace: String) throws -> Bool {
    guard let file = try? TraceFile(path: trace) else { return false }
    var isFound = false
    let replay = Replay(file)
    replay.on(CodeLoad.self) { load, _ in if load.name == name { isFound = true } }
    replay.on(AddressSpaceShared.self) { _, _ in if name == "shared" { isFound = true } }
    try replay.run()
    return isFound
  }

  private func programs(_ file: TraceFile) throws -> [Program] {
    let symbolizer = Symbolizer(file)
    try symbolizer.prepare()
    var programs: [Program] = []
    var current: [UInt32: Int] = [:]
    let replay = Replay(file)
    replay.on(ProcessStart.self) { _, header in current[header.pid] = nil }
    replay.on(ProcessExec.self) { _, header in current[header.pid] = nil }
    replay.on(SampledProfile.self) { _, header in
      guard let address = file.stack(header.stack).first,
        Self.code..<Self.code + 0x100 ~= address
      else { return }
      let found = symbolizer.resolve(
        pid: header.pid, address: address, at: header.timestamp, isCaller: false)
      let number = current[header.pid] ?? programs.count
      if number == programs.count { programs.append(Program()) }
      current[header.pid] = number
      programs[number].names.append(
        (found.symbolID.map { symbolizer.symbol($0).name } ?? "-", header.timestamp))
    }
    try replay.run()
    return programs
  }
}
