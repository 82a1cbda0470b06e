import CJVM
import Synchronization

/// A thrown object. Its fields are read directly: no Java code runs and nothing is allocated in the
/// Java heap, so an OutOfMemoryError or StackOverflowError can be reported like any other.
struct Throwable {
  private static let messageField = Atomic<UInt>(0)
  private static let causeField = Atomic<UInt>(0)

  private let object: jobject
  private let environment: UnsafeMutablePointer<JNIEnv?>
  private var functions: UnsafePointer<JNINativeInterface_> { environment.pointee! }

  init(_ object: jobject, _ environment: UnsafeMutablePointer<JNIEnv?>) {
    self.object = object
    self.environment = environment
  }

  /// Looks up the fields; called once, when the machine is live.
  static func prepare(_ environment: UnsafeMutablePointer<JNIEnv?>?) {
    guard let environment, let functions = environment.pointee,
      let type = functions.pointee.FindClass(environment, "java/lang/Throwable")
    else { return }
    let message = functions.pointee.GetFieldID(
      environment, type, "detailMessage", "Ljava/lang/String;")
    if message == nil { functions.pointee.ExceptionClear(environment) }
    let cause = functions.pointee.GetFieldID(environment, type, "cause", "Ljava/lang/Throwable;")
    if cause == nil { functions.pointee.ExceptionClear(environment) }
    messageField.store(UInt(bitPattern: message), ordering: .relaxed)
    causeField.store(UInt(bitPattern: cause), ordering: .relaxed)
    functions.pointee.DeleteLocalRef(environment, type)
  }

  func typeName(by tool: ToolInterface) -> String {
    guard let type = functions.pointee.GetObjectClass(environment, object) else { return "" }
    return tool.name(of: type).clipped(toBytes: TextLimit.nameBytes)
  }

  /// The message given to the constructor, truncated if long; empty if there is none.
  var message: String {
    guard let text = field(Self.messageField) else { return "" }
    let count = min(
      Int(functions.pointee.GetStringLength(environment, text)), TextLimit.messageUnits)
    guard count > 0 else { return "" }
    return withUnsafeTemporaryAllocation(of: jchar.self, capacity: count) { units in
      functions.pointee.GetStringRegion(environment, text, 0, jsize(count), units.baseAddress)
      return String(decoding: UnsafeBufferPointer(units), as: UTF16.self)
    }
  }

  /// Whether the throwable has a cause. Without one, its cause field refers to the throwable
  /// itself.
  var hasCause: Bool {
    guard let cause = field(Self.causeField) else { return false }
    return functions.pointee.IsSameObject(environment, cause, object) == 0
  }

  private func field(_ id: borrowing Atomic<UInt>) -> jobject? {
    guard let id = OpaquePointer(bitPattern: id.load(ordering: .relaxed)) else { return nil }
    return functions.pointee.GetObjectField(environment, object, id)
  }
}
