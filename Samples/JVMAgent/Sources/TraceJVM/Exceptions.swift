import CJVM
import TraceEvents
import TraceProvider

/// Exception events, on the thread that throws or catches. Each `throw` is one event, so an
/// exception rethrown by `finally` or try-with-resources is reported again, as is one that passes
/// through native code. An object that was thrown before, by any thread, is marked as rethrown.
enum Exceptions {
  static func thrown(
    _ exception: jobject, in method: jmethodID?, _ environment: UnsafeMutablePointer<JNIEnv?>,
    by tool: ToolInterface
  ) {
    Runtime.provider.emit(event(exception, method, environment, tool), stack: JavaStack.append)
  }

  private static func event(
    _ exception: jobject, _ method: jmethodID?, _ environment: UnsafeMutablePointer<JNIEnv?>,
    _ tool: ToolInterface
  ) -> ExceptionThrown {
    let throwable = Throwable(exception, environment)
    var flags = ExceptionFlags(rawValue: throwable.hasCause ? ExceptionFlags.hasInner.rawValue : 0)
    if tool.mark(exception) { flags.rawValue |= ExceptionFlags.reThrown.rawValue }
    return ExceptionThrown(
      exceptionType: throwable.typeName(by: tool), exceptionMessage: throwable.message,
      exceptionFlags: flags, methodID: MethodNames.id(of: method),
      methodName: method.map { MethodNames(of: $0, by: tool).qualified } ?? "")
  }

  static func caught(
    _ exception: jobject?, in method: jmethodID?, _ environment: UnsafeMutablePointer<JNIEnv?>,
    by tool: ToolInterface
  ) {
    Runtime.provider.emit(
      ExceptionCaught(
        methodID: MethodNames.id(of: method),
        methodName: method.map { MethodNames(of: $0, by: tool).qualified } ?? "",
        exceptionType: exception.map { Throwable($0, environment).typeName(by: tool) } ?? ""),
      stack: JavaStack.append)
  }
}
