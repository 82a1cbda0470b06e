import CJVM

/// Runs the machine's diagnostic commands, which are those of jcmd, from within the process. They
/// are implemented by native code behind a class of the module jdk.management, which a program
/// built by jlink may lack.
enum DiagnosticCommand {
  private static let holder = "com/sun/management/internal/DiagnosticCommandImpl"
  /// The class whose initializer loads the library with the native code.
  private static let loader = "com/sun/management/internal/PlatformMBeanProviderImpl"

  /// Runs a command on an attached thread; returns its output, or nil if the machine cannot run it.
  static func run(_ command: String, _ environment: UnsafeMutablePointer<JNIEnv?>) -> String? {
    let functions = environment.pointee!.pointee
    guard functions.PushLocalFrame(environment, 16) == JNI_OK else { return nil }
    defer { _ = functions.PopLocalFrame(environment, nil) }
    defer { functions.ExceptionClear(environment) }
    guard functions.FindClass(environment, loader) != nil,
      let type = functions.FindClass(environment, holder),
      let method = functions.GetMethodID(
        environment, type, "executeDiagnosticCommand", "(Ljava/lang/String;)Ljava/lang/String;"),
      let object = functions.AllocObject(environment, type),
      let text = functions.NewStringUTF(environment, command)
    else { return nil }
    var argument = jvalue()
    argument.l = text
    let result = functions.CallObjectMethodA(environment, object, method, &argument)
    guard functions.ExceptionCheck(environment) == 0, let result else { return nil }
    let count = Int(functions.GetStringLength(environment, result))
    return withUnsafeTemporaryAllocation(of: jchar.self, capacity: max(count, 1)) { units in
      functions.GetStringRegion(environment, result, 0, jsize(count), units.baseAddress)
      return String(decoding: UnsafeBufferPointer(rebasing: units[..<count]), as: UTF16.self)
    }
  }
}
