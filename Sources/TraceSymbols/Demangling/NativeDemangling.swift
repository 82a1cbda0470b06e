internal import Glibc
internal import OSStrings

/// The demanglers of the Swift and C++ runtimes.
///
/// Both write a type as often as a name refers to it, so that a name of a hundred bytes can ask for
/// gigabytes; neither can be stopped. So references are counted before: see ``NameGrowth``.
enum NativeDemangling {
  static let swiftPrefixes = ["$s", "$S", "_$s", "_$S", "$e", "_$e", "_T0", "@__swiftmacro_"]

  private typealias CxxDemangle =
    @convention(c) (
      UnsafePointer<CChar>?, UnsafeMutablePointer<CChar>?, UnsafeMutablePointer<Int>?,
      UnsafeMutablePointer<CInt>?
    ) -> UnsafeMutablePointer<CChar>?

  private typealias SwiftDemangle =
    @convention(c) (
      UnsafePointer<CChar>?, Int, UnsafeMutablePointer<CChar>?, UnsafeMutablePointer<Int>?
    ) -> UnsafeMutablePointer<CChar>?

  /// The C++ library comes with Swift's; linking it for one function would need its headers.
  private static let cxxDemangle: CxxDemangle? =
    dlsym(nil, "__cxa_demangle").map { unsafeBitCast($0, to: CxxDemangle.self) }

  /// What backtraces of crashed programs show: no types, as in `Array.append(_:)`. Not in every
  /// runtime.
  private static let swiftSimplified: SwiftDemangle? =
    dlsym(nil, "_swift_backtrace_demangle").map { unsafeBitCast($0, to: SwiftDemangle.self) }

  static func cxx(_ raw: String) -> String? {
    guard let cxxDemangle, NameGrowth.isBounded(cxx: raw) else { return nil }
    var status: CInt = 0
    return text(raw.withOSString { cxxDemangle($0, nil, nil, &status) })
  }

  static func swift(_ raw: String) -> String? {
    let bytes = raw.osBytes
    guard NameGrowth.isBounded(swift: bytes) else { return nil }
    return raw.withOSString { name in
      text(swiftSimplified?(name, bytes.count, nil, nil))
        ?? text(demangleFull(name, bytes.count, nil, nil, 0))
    }
  }

  private static func text(_ result: UnsafeMutablePointer<CChar>?) -> String? {
    guard let result else { return nil }
    defer { free(result) }
    let length = strnlen(result, SymbolLimits.nameLength)
    let bytes = UnsafeRawBufferPointer(start: result, count: length)
    return length == 0 ? nil : String(osBytes: bytes)
  }
}

/// With every type, as `swift demangle` shows it.
@_silgen_name("swift_demangle")
private func demangleFull(
  _ name: UnsafePointer<CChar>?, _ length: Int, _ output: UnsafeMutablePointer<CChar>?,
  _ outputLength: UnsafeMutablePointer<Int>?, _ flags: UInt32
) -> UnsafeMutablePointer<CChar>?
