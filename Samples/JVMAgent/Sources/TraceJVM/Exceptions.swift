import CJVM
import TraceEvents
import TraceProvider

/// Exceptions, on the thread that throws or catches: each `throw` is one event, so one that
/// `finally` or try-with-resources throws on is told again, as is one that passes through native
/// code.
enum Exceptions {
  static func thrown(
    _ exception: jobject, in method: jmethodID?, _ environment: UnsafeMutablePointer<JNIEnv?>,
    by tool: ToolInterface
  ) {
    Runtime.provider.emit(event(exception, method, environment, tool))
  }

  private static func event(
    _ exception: jobject, _ method: jmethodID?, _ environment: UnsafeMutablePointer<JNIEnv?>,
    _ tool: ToolInterface
  ) -> ExceptionThrown {
    let throwable = Throwable(exception, environment)
    return ExceptionThrown(
      exceptionType: throwable.typeName(by: tool), exceptionMessage: throwable.message,
      exceptionFlags: throwable.hasCause ? .hasInner : ExceptionFlags(rawValue: 0),
      methodID: MethodNames.id(of: method),
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
        exceptionType: exception.map { Throwable($0, environment).typeName(by: tool) } ?? ""))
  }
}
