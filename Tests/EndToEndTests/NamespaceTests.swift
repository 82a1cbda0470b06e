import Glibc
import TestSupport
import Testing
import TraceAnalysis
import TraceFormat

extension EndToEnd {
  static let unshare =
    "unshare \(geteuid() == 0 ? "" : "--map-root-user") --mount --pid --fork --mount-proc"

  /// Programs in a container get names from the files that they see, not from files at the same
  /// paths outside.
  @Suite(.needs(.kernelSamples, .program("gcc"), .namespaces))
  struct NamespaceTests {
    let scratch: Scratch
    /// The files that the container copies into its own /tmp, to the same paths as the outer ones.
    let inside: String

    init() throws {
      scratch = try Scratch()
      inside = scratch.path("inside")
      for directory in [inside, inside + "/lib", scratch.path("lib")] { mkdir(directory, 0o755) }
    }

    /// A program that runs a library's function and generated code named by a perf map, until a
    /// file exists.
    static let program = """
      #define _GNU_SOURCE
      #include <stdio.h>
      #include <string.h>
      #include <sys/mman.h>
      #include <unistd.h>
      void WORK(void);
      static unsigned long spin(unsigned long n) {
        unsigned long sum = 0;
        for (unsigned long i = 0; i < n; i++) { sum += i * i; __asm__ volatile("" : "+r"(sum)); }
        return sum;
      }
      __attribute__((noinline)) void MAIN(unsigned long (*made)(unsigned long)) {
        while (access("end", F_OK) != 0) {
          WORK();
          made(1000000);
          for (volatile long i = 0; i < 1000000; i++) {}
        }
      }
      int main(int count, char **arguments) {
        if (count == 1) { MAIN(spin); return 0; }
        char *code = mmap(0, 4096, 7, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        memcpy(code, spin, 256);
        __builtin___clear_cache(code, code + 256);
        char path[64];
        sprintf(path, "/tmp/perf-%d.map", getpid());
        FILE *map = fopen(path, "w");
        fprintf(map, "%lx 100 made_inside\\n", (unsigned long)code);
        fclose(map);
        MAIN((void *)code);
        return 0;
      }
      """
    static let library = """
      volatile unsigned long sum;
      void WORK(void) { for (long i = 0; i < 1000000; i++) sum += i; }
      """

    /// Builds the program and its library, with different function names, to be run at the outer
    /// path.
    func build(_ name: String, into directory: String, _ option: String) throws {
      let script = """
        cd \(directory) && cat > lib.c <<'end' && cat > program.c <<'END'
        \(Self.library)
        end
        \(Self.program)
        END
        gcc='gcc -O1 -fno-omit-frame-pointer \(option) -DWORK=\(name)_work -DMAIN=\(name)_main'
        $gcc -shared -fPIC -o lib/libwork.so lib.c &&
        $gcc -o program program.c -Llib -lwork -Wl,-rpath,\(scratch.path("lib"))
        """
      try ChildProcess("sh", ["-c", script], in: scratch).succeed()
    }

    /// Runs the inner program in separate namespaces, with `beside` at the same time, until there
    /// are samples of its perf map's code.
    func collect(beside: String = ":") throws -> TraceFile {
      let outer = scratch.path("")
      // The former current directory remains accessible under the new /tmp.
      let container = """
        cd \(inside) && mount -t tmpfs none /tmp && mkdir -p \(outer) && cp -r . \(outer) &&
        exec \(scratch.path("program")) made
        """
      let trace = scratch.path("trace.etl")
      let script = "cd \(inside); \(EndToEnd.unshare) sh -c '\(container)' & \(beside); wait"
      let collection = try ChildProcess(
        Tools.tracectl, ["collect", "-providers", "CPU", "-o", trace, "--", "sh", "-c", script],
        in: scratch)
      try waitUntil("the perf map is read; its output: \(collection.output)") {
        if collection.hasEnded { throw ChildProcess.Failure(description: collection.output) }
        return try (try? TraceFile(path: trace))?.frameNames { $1.source == .perfMap }.isEmpty
          == false
      }
      try ChildProcess("touch", [inside + "/end"], in: scratch).succeed()
      try collection.succeed()
      return try TraceFile(path: trace)
    }

    func isWork(_ module: CodeModule) -> Bool {
      module.path.hasPrefix(scratch.path("")) || module.source == .perfMap
    }

    @Test(arguments: ["-Wl,--build-id", "-Wl,--build-id=none"])
    func aContainersFilesNameItsCode(option: String) throws {
      try build("outer", into: scratch.path(""), option)
      try build("inner", into: inside, option)
      let file = try collect()
      // The container's files no longer exist, so these names come from the trace.
      let names = try file.frameNames { isWork($1) }
      #expect(names.isSuperset(of: ["inner_work", "inner_main", "made_inside"]), "\(names)")
      #expect(!names.contains { $0.hasPrefix("outer") }, "\(names)")
    }

    @Test(arguments: ["-Wl,--build-id", "-Wl,--build-id=none"])
    func twoFilesAtOnePathAreTwo(option: String) throws {
      try build("outer", into: scratch.path(""), option)
      try build("inner", into: inside, option)
      let number = scratch.path("number")
      let file = try collect(beside: "sh -c 'echo $$ > \(number); exec \(scratch.path("program"))'")
      let outer = try #require(UInt32(try readText(number).filter { $0.isNumber }))
      let outerNames = try file.frameNames { $0 == outer && isWork($1) }
      #expect(outerNames.isSuperset(of: ["outer_work", "outer_main"]), "\(outerNames)")
      #expect(!outerNames.contains { $0.hasPrefix("inner") }, "\(outerNames)")
      let names = try file.frameNames { $0 != outer && isWork($1) }
      #expect(names.contains("made_inside"), "\(names)")
      #expect(!names.contains { $0.hasPrefix("outer") }, "\(names)")
      // Without build ids, a trace cannot store the symbols of two images with the same path.
      if option == "-Wl,--build-id" { #expect(names.contains("inner_work"), "\(names)") }
    }
  }
}
