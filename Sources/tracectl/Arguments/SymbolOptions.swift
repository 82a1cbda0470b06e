import ArgumentParser
import Glibc
import OSStrings
import TraceAnalysis
import TraceExport
import TraceFormat
import TraceSymbols

/// Where a command looks for images and debug files that the trace and this machine do not have.
struct SymbolOptions: ParsableArguments {
  @Option(
    name: .customLong("symbol-path"),
    help: ArgumentHelp("Look for images and debug files here, too.", valueName: "directory"))
  var symbolPath: [String] = []

  @Flag(
    help: """
      Fetch images and debug files that this machine does not have from the servers of \
      DEBUGINFOD_URLS.
      """)
  var debuginfod = false

  /// Whether any is given: for commands that can be told to show no stacks.
  var isGiven: Bool { debuginfod || !symbolPath.isEmpty }

  func validate() throws {
    for path in symbolPath {
      var status = stat()
      guard OSPath.stat(path, &status) == 0 else {
        throw Failure("look for images in", path, errno: errno)
      }
      guard status.st_mode & S_IFMT == S_IFDIR else {
        throw Failure(.usage, "-symbol-path takes a directory, and \(path) is none")
      }
    }
  }

  /// Sets what `options` ask for names.
  func apply(to options: inout SymbolizerOptions) throws(Failure) {
    options.searchRoots = symbolPath
    guard debuginfod else { return }
    do {
      options.servers = try Debuginfod(progress: FetchLine.progress)
    } catch {
      throw Failure(error)
    }
  }

  /// Says what the servers could not give.
  static func noteProblems(of options: SymbolizerOptions) {
    for problem in options.servers?.problems ?? [] {
      complain("tracectl: \(escapedForTerminal("\(problem)"))")
    }
  }
}

/// The line of a terminal that shows how much of a file has come.
private enum FetchLine {
  /// Nil where there is no terminal.
  static var progress: Debuginfod.Progress? {
    guard isatty(STDERR_FILENO) == 1 else { return nil }
    return { bytes, total in
      var text = "\r\u{1b}[K"
      if bytes > 0 || total > 0 {
        text += "fetching a debug file: \(readableBytes(bytes))"
        if total > 0 { text += " of \(readableBytes(total))" }
      }
      var output = OutputBuffer(DescriptorSink(STDERR_FILENO), capacity: 4096)
      output.append(text: text)
      output.flush()
    }
  }
}

extension Failure {
  /// Why `-debuginfod` cannot take effect.
  fileprivate init(_ problem: Debuginfod.SetupProblem) {
    switch problem {
    case .noServers:
      self.init(
        .configuration, "-debuginfod asks the servers of DEBUGINFOD_URLS, which is not set",
        next: "set it to their URLs, separated by spaces")
    case .notInstalled:
      self.init(
        .unavailable, "-debuginfod needs libdebuginfod.so.1, which is not here",
        next: "install libdebuginfod1 (or elfutils-debuginfod-client)")
    case .failed:
      self.init(.osError, "libdebuginfod cannot begin: there is no memory")
    }
  }
}
