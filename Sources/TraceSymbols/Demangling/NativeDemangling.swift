internal import Glibc
internal import OSStrings

/// The demanglers of the Swift and C++ runtimes.
///
/// Both write a type as often as a name refers to it, so a name of a hundred bytes can expand to
/// gigabytes, and neither can be interrupted. References are therefore counted beforehand: see
/// ``NameGrowth``.
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

  /// The C++ library is installed with Swift's; linking it for one function would need its headers.
  private static let cxxDemangle: CxxDemangle? =
    dlsym(nil, "__cxa_demangle").map { unsafeBitCast($0, to: CxxDemangle.self) }

  /// The form in backtraces of crashed programs, without types, as in `Array.append(_:)`. Not
  /// available in every runtime.
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

/// With all types, as `swift demangle` shows it.
@_silgen_name("swift_demangle")
private func demangleFull(
  _ name: UnsafePointer<CChar>?, _ length: Int, _ output: UnsafeMutablePointer<CChar>?,
  _ outputLength: UnsafeMutablePointer<Int>?, _ flags: UInt32
) -> UnsafeMutablePointer<CChar>?
