import CJVM

/// A JVMTI environment, through which the agent accesses the virtual machine.
///
/// Every function except ``release(_:)`` must be called on an attached thread. The
/// callbacks' comments state which functions may be called when.
struct ToolInterface: @unchecked Sendable {
  let environment: UnsafeMutablePointer<jvmtiEnv?>

  var functions: UnsafePointer<jvmtiInterface_1_> { environment.pointee! }

  init(_ environment: UnsafeMutablePointer<jvmtiEnv?>) { self.environment = environment }

  /// Creates an environment; nil if the machine is older than JVMTI 1.2 (Java 7).
  init?(machine: UnsafeMutablePointer<JavaVM?>) {
    var raw: UnsafeMutableRawPointer?
    let status = machine.pointee!.pointee.GetEnv(machine, &raw, jint(bitPattern: 0x3001_0200))
    guard status == JNI_OK, let raw else { return nil }
    self.init(raw.assumingMemoryBound(to: jvmtiEnv?.self))
  }

  var phase: jvmtiPhase {
    var phase = JVMTI_PHASE_DEAD
    _ = functions.pointee.GetPhase(environment, &phase)
    return phase
  }

  // MARK: Capabilities and events

  func add(_ capabilities: jvmtiCapabilities) -> Bool {
    withUnsafePointer(to: capabilities) { functions.pointee.AddCapabilities(environment, $0) }
      == JVMTI_ERROR_NONE
  }

  func setCallbacks(_ callbacks: jvmtiEventCallbacks) -> Bool {
    withUnsafePointer(to: callbacks) {
      functions.pointee.SetEventCallbacks(
        environment, $0, jint(MemoryLayout<jvmtiEventCallbacks>.size))
    } == JVMTI_ERROR_NONE
  }

  func setEvent(_ event: jvmtiEvent, enabled: Bool) -> Bool {
    cjvm_set_event(environment, event, enabled ? 1 : 0) == JVMTI_ERROR_NONE
  }

  func setSamplingInterval(bytes: Int32) -> Bool {
    functions.pointee.SetHeapSamplingInterval(environment, bytes) == JVMTI_ERROR_NONE
  }

  /// Calls this environment's callback, on this thread, for all existing code.
  func generate(_ event: jvmtiEvent) -> Bool {
    functions.pointee.GenerateEvents(environment, event) == JVMTI_ERROR_NONE
  }

  // MARK: Stacks

  /// Stores the innermost Java frames of a thread, nil for the calling one, and returns their
  /// number; 0 if there are none.
  func stackTrace(
    of thread: jthread? = nil, into frames: UnsafeMutableBufferPointer<jvmtiFrameInfo>
  ) -> Int {
    var count: jint = 0
    let status = functions.pointee.GetStackTrace(
      environment, thread, 0, jint(frames.count), frames.baseAddress!, &count)
    return status == JVMTI_ERROR_NONE ? Int(count) : 0
  }

  /// Size of the method's byte code; 0 for a native method.
  func byteCodeCount(of method: jmethodID) -> Int64 {
    var (first, last): (jlocation, jlocation) = (0, -1)
    let status = functions.pointee.GetMethodLocation(environment, method, &first, &last)
    return status == JVMTI_ERROR_NONE ? Int64(last) + 1 : 0
  }

  // MARK: Marks on objects

  /// Marks the object as long as it exists; returns whether it was marked before.
  func mark(_ object: jobject) -> Bool {
    var tag: jlong = 0
    guard functions.pointee.GetTag(environment, object, &tag) == JVMTI_ERROR_NONE else {
      return false
    }
    if tag == 0 { _ = functions.pointee.SetTag(environment, object, 1) }
    return tag != 0
  }

  // MARK: Names

  /// Name and descriptor, such as `put` and `(Ljava/lang/Object;)V`; nil if the method's class is
  /// unloaded.
  func nameAndSignature(of method: jmethodID) -> (name: String, signature: String)? {
    var name: UnsafeMutablePointer<CChar>?
    var signature: UnsafeMutablePointer<CChar>?
    guard
      functions.pointee.GetMethodName(environment, method, &name, &signature, nil)
        == JVMTI_ERROR_NONE
    else { return nil }
    return (take(name), take(signature))
  }

  func declaringClass(of method: jmethodID) -> jclass? {
    var found: jclass?
    guard functions.pointee.GetMethodDeclaringClass(environment, method, &found) == JVMTI_ERROR_NONE
    else { return nil }
    return found
  }

  /// The class's name in Java's form, "java.util.HashMap"; empty if not known.
  func name(of type: jclass) -> String {
    var signature: UnsafeMutablePointer<CChar>?
    guard
      functions.pointee.GetClassSignature(environment, type, &signature, nil) == JVMTI_ERROR_NONE
    else { return "" }
    return JavaName.ofClass(signature: take(signature))
  }

  /// The source file's name, "HashMap.java"; empty if the class was compiled without it.
  func sourceFile(of type: jclass) -> String {
    var name: UnsafeMutablePointer<CChar>?
    guard functions.pointee.GetSourceFileName(environment, type, &name) == JVMTI_ERROR_NONE
    else { return "" }
    return take(name)
  }

  /// The start of each source line's byte code, in ascending order; empty if not known.
  func lines(of method: jmethodID) -> [(start: Int64, line: UInt32)] {
    var count: jint = 0
    var entries: UnsafeMutablePointer<jvmtiLineNumberEntry>?
    guard
      functions.pointee.GetLineNumberTable(environment, method, &count, &entries)
        == JVMTI_ERROR_NONE,
      let entries
    else { return [] }
    defer { release(entries) }
    return UnsafeBufferPointer(start: entries, count: Int(count))
      .map { (start: Int64($0.start_location), line: UInt32(truncatingIfNeeded: $0.line_number)) }
      .sorted { $0.start < $1.start }
  }

  /// Copies a text allocated by the machine, and releases it.
  func take(_ text: UnsafeMutablePointer<CChar>?) -> String {
    guard let text else { return "" }
    defer { release(text) }
    return ModifiedUTF8.decode(text)
  }

  func release<T>(_ memory: UnsafeMutablePointer<T>) {
    memory.withMemoryRebound(to: UInt8.self, capacity: 1) {
      _ = functions.pointee.Deallocate(environment, $0)
    }
  }
}
