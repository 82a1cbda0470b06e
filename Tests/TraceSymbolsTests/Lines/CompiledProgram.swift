import Foundation
import TraceSymbols

/// A small program, compiled for a test, in a separate directory.
final class CompiledProgram {
  let directory: String
  let path: String

  /// Nil if the compiler does not support the options.
  init?(_ source: String = CompiledProgram.inlining, options: String = "") {
    directory = NSTemporaryDirectory() + "trace-lines-\(UUID().uuidString)"
    path = directory + "/demo"
    let file = "\(directory)/demo.cc"
    let flags =
      ["-O2", "-g", "-Wl,--build-id=sha1"] + options.split(separator: " ").map(String.init)
    try? FileManager.default.createDirectory(
      atPath: directory, withIntermediateDirectories: true)
    guard (try? source.write(toFile: file, atomically: true, encoding: .utf8)) != nil,
      Tool.output("g++", flags + [file, "-o", path]) != nil
    else { return nil }
  }

  deinit { try? FileManager.default.removeItem(atPath: directory) }

  /// Moves the debug information to `demo.debug` next to the program, like distributions.
  func split() -> Bool {
    Tool.output("objcopy", "--only-keep-debug", path, path + ".debug") != nil
      && Tool.output("objcopy", "--strip-debug", path) != nil
      && Tool.output("objcopy", "--add-gnu-debuglink=\(path).debug", path) != nil
  }

  /// The address and file offset of every byte of `.text`.
  func instructions() throws -> [(address: UInt64, offset: UInt64)] {
    guard let text = try ELFFile(path: path).section(named: ".text") else { return [] }
    return (0..<text.size).map { (text.address + $0, text.fileOffset + $0) }
  }

  /// The function's offsets in the file.
  func offsets(of function: String) throws -> Range<UInt64> {
    let (table, _) = SymbolTable.read(try ELFFile(path: path))
    for index in 0..<table.count where table.name(of: index) == function {
      return table[index].offset..<(table[index].offset + table[index].size)
    }
    return 0..<0
  }

  /// `square` is inlined into `sum`, and that into `total`, `main` and others.
  static let inlining = """
    #include <cstdio>
    #include <cstdlib>
    #include <vector>

    static inline __attribute__((always_inline)) long square(long value) {
      return value * value + rand();
    }

    namespace shapes {
    template <typename T>
    inline __attribute__((always_inline)) T sum(const std::vector<T> &values) {
      T result = 0;
      for (auto value : values)
        result += square(value);
      return result;
    }
    }

    __attribute__((noinline)) long total(const std::vector<long> &values) {
      if (values.empty()) {
        std::puts("nothing");
        std::abort();
      }
      return shapes::sum(values) + 1;
    }

    int main(int count, char **) {
      std::vector<long> values(count, 3);
      auto twice = [&] { return total(values) * 2; };
      return twice() == shapes::sum(values) ? 1 : 0;
    }
    """
}
