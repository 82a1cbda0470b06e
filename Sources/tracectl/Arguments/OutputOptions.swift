import ArgumentParser
import Glibc
import OSStrings
import TraceExport
import TraceFormat

/// The format and destination of a command's output.
struct OutputOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The output format: text, json, or another of the command's formats. The default "
        + "depends on the extension of -o's file name, and is text without -o.", valueName: "name"))
  var format: String?

  @Option(
    name: [.customShort("o"), .long],
    help: ArgumentHelp(
      "Write to this file instead of standard output ('-').", valueName: "file"))
  var output: String?

  /// Whether the output goes to standard output.
  var isStandardOutput: Bool { output == nil || output == StandardOutput.optionValue }

  /// The renderer selected by the options.
  func renderer<Subject>(of subject: Subject.Type) throws(Failure) -> any Renderer<Subject> {
    let registry = RendererRegistry.standard
    if let format {
      if let found = registry.renderer(of: subject, format: format) { return found }
      let names = registry.formats(of: subject).map(\.name).joined(separator: ", ")
      throw Failure(.usage, "there is no format '\(format)' here", next: "use one of \(names)")
    }
    if let output, let found = registry.renderer(of: subject, fileName: output) { return found }
    guard let text = registry.renderer(of: subject, format: "text") else {
      throw Failure(.software, "there is no text format here")
    }
    return text
  }

  /// Returns `subject` as it would be written to the terminal.
  func text<Subject>(_ subject: Subject) throws -> String {
    let sink = MemorySink()
    var buffer = OutputBuffer(sink)
    let options = RenderOptions(width: Terminal.width)
    try renderer(of: Subject.self).render(subject, options, to: &buffer)
    buffer.flush()
    return sink.text
  }

  /// Renders `subject` to the selected destination.
  ///
  /// - Parameters:
  ///   - input: the file that the subject is read from, which must not be overwritten.
  ///   - isWide: whether lines may exceed the terminal's width.
  /// - Returns: false if the reader of the output has closed it.
  @discardableResult
  func write<Subject>(
    _ subject: Subject, input: String? = nil, isWide: Bool = false
  ) throws -> Bool {
    try write(subject, with: try renderer(of: Subject.self), input: input, isWide: isWide)
  }

  /// Like ``write(_:input:isWide:)``, with a renderer that is chosen already.
  ///
  /// - Parameter isWhole: whether the file gets its name only when it is complete.
  @discardableResult
  func write<Subject>(
    _ subject: Subject, with renderer: any Renderer<Subject>, input: String? = nil,
    isWide: Bool = false, isWhole: Bool = false
  ) throws -> Bool {
    let path = output == StandardOutput.optionValue ? nil : output
    let file = try path.map { (path) throws(Failure) in
      try ReportFile(path, input: input, isWhole: isWhole)
    }
    let width = isWide || file != nil ? nil : Terminal.width
    let sink = DescriptorSink(file?.descriptor ?? STDOUT_FILENO)
    var buffer = OutputBuffer(sink)
    try renderer.render(subject, RenderOptions(width: width), to: &buffer)
    buffer.flush()
    if buffer.failure == EPIPE { return false }
    if buffer.failure != 0 {
      throw Failure("write to", path ?? StandardOutput.name, errno: buffer.failure)
    }
    try file?.commit()
    return true
  }
}

extension OutputOptions {
  /// Writes bytes to a file, or to standard output if `output` is nil or `-`.
  ///
  /// - Parameter input: the file that the bytes are made from, which must not be overwritten.
  /// - Returns: false if the reader of the output has closed it.
  static func write(bytes: [UInt8], to output: String?, input: String) throws(Failure) -> Bool {
    let path = output == StandardOutput.optionValue ? nil : output
    let file = try path.map { (path) throws(Failure) in try ReportFile(path, input: input) }
    var buffer = OutputBuffer(DescriptorSink(file?.descriptor ?? STDOUT_FILENO))
    buffer.append(text: String(decoding: bytes, as: UTF8.self))
    buffer.flush()
    if buffer.failure == EPIPE { return false }
    if buffer.failure != 0 {
      throw Failure("write to", path ?? StandardOutput.name, errno: buffer.failure)
    }
    return true
  }
}

/// A file for a command's output, closed when the object is released.
private final class ReportFile {
  let descriptor: CInt
  private let path: String
  private let whole: ReplacedFile?

  init(_ path: String, input: String?, isWhole: Bool = false) throws(Failure) {
    var source = stat()
    var target = stat()
    if let input, OSPath.stat(input, &source) == 0, OSPath.stat(path, &target) == 0,
      source.st_dev == target.st_dev, source.st_ino == target.st_ino
    {
      throw Failure(.usage, "\(path) is the trace itself", next: "write elsewhere with -o")
    }
    self.path = path
    do throws(FormatError) {
      if isWhole {
        let file = try ReplacedFile(path, mode: 0o644)
        (whole, descriptor) = (file, file.descriptor)
      } else {
        (whole, descriptor) = (nil, try OutputFile.open(path, mode: 0o644).descriptor)
      }
    } catch { throw Self.failure(error, path) }
    // Fails for a device or a pipe, which has no content.
    if whole == nil { _ = ftruncate(descriptor, 0) }
  }

  deinit { if whole == nil { close(descriptor) } }

  /// Gives a file that must be whole its name.
  func commit() throws(Failure) {
    do throws(FormatError) { try whole?.commit() } catch { throw Self.failure(error, path) }
  }

  private static func failure(_ error: FormatError, _ path: String) -> Failure {
    var failure = OpenTrace.failure(error, path: path)
    if failure.status == .noInput { failure.status = .cannotCreate }
    return failure
  }
}
