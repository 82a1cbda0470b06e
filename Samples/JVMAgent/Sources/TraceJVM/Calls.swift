import CJVM
import Synchronization
import TraceEvents
import TraceProvider

/// Method enter and leave events, with the option `methods=1` and the keyword Method.
///
/// The machine interprets all code while it reports calls, so most methods never get a MethodLoad
/// from a compiler. Each is therefore named once by a MethodLoad with neither address nor size.
enum Calls {
  private static let named = Mutex(Set<UInt64>())

  static func entered(_ method: jmethodID, by tool: ToolInterface) {
    let id = MethodNames.id(of: method)
    if named.withLock({ $0.insert(id).inserted }) {
      Runtime.provider.emit(naming(method, by: tool), stack: JavaStack.append)
    }
    Runtime.provider.emit(MethodEnter(methodID: id), stack: JavaStack.append)
  }

  /// Reports the previously named methods to a session that starts later.
  static func emitNames(to capture: borrowing CaptureState, by tool: ToolInterface) {
    for id in named.withLock({ $0 }) {
      guard let method = jmethodID(bitPattern: UInt(id)) else { continue }
      capture.emit(naming(method, by: tool))
    }
  }

  private static func naming(_ method: jmethodID, by tool: ToolInterface) -> MethodLoad {
    let names = MethodNames(of: method, by: tool)
    return MethodLoad(
      methodID: MethodNames.id(of: method), startAddress: 0, size: 0,
      flags: MethodFlags(rawValue: 0), namespace: names.namespace, name: names.name,
      signature: names.signature)
  }

  static func left(_ method: jmethodID, byException: Bool) {
    Runtime.provider.emit(
      MethodLeave(methodID: MethodNames.id(of: method), byException: byException),
      stack: JavaStack.append)
  }
}
