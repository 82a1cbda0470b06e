import ArgumentParser
import Glibc
import OSStrings
import TraceAnalysis
import TraceExport
import TraceFormat
import TraceSymbols

/// The places in which a command searches for images and debug files that the trace and this
/// machine do not have.
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

  /// Whether any of the options is given; used by commands that can omit stacks.
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

  /// Applies these options to `options`.
  func apply(to options: inout SymbolizerOptions) throws(Failure) {
    options.searchRoots = symbolPath
    guard debuginfod else { return }
    do {
      options.servers = try Debuginfod(progress: FetchLine.progress)
    } catch {
      throw Failure(error)
    }
  }

  /// Reports files that the servers could not provide.
  static func noteProblems(of options: SymbolizerOptions) {
    for problem in options.servers?.problems ?? [] {
      complain("tracectl: \(escapedForTerminal("\(problem)"))")
    }
  }
}

/// The terminal line that shows the progress of a download.
private enum FetchLine {
  /// Nil if there is no terminal.
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
  /// The reason why `-debuginfod` cannot be used.
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
