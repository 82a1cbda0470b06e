import CJVM

extension ToolInterface {
  /// Remembers the calling thread's id, so that others can learn it from ``id(of:)``.
  func rememberThread() {
    _ = functions.pointee.SetThreadLocalStorage(
      environment, nil, UnsafeMutableRawPointer(bitPattern: UInt(cjvm_thread_id())))
  }

  /// The system's id of a thread; 0 for one that was not remembered.
  func id(of thread: jthread) -> UInt32 {
    var id: UnsafeMutableRawPointer?
    guard functions.pointee.GetThreadLocalStorage(environment, thread, &id) == JVMTI_ERROR_NONE
    else { return 0 }
    return UInt32(truncatingIfNeeded: UInt(bitPattern: id))
  }

  /// The object's identity hash code; 0 if not known.
  func identity(of object: jobject) -> UInt64 {
    var code: jint = 0
    guard functions.pointee.GetObjectHashCode(environment, object, &code) == JVMTI_ERROR_NONE
    else { return 0 }
    return UInt64(UInt32(bitPattern: code))
  }

  /// The thread's name; empty if not known.
  func name(of thread: jthread, _ jni: UnsafeMutablePointer<JNIEnv?>) -> String {
    var found = jvmtiThreadInfo()
    guard functions.pointee.GetThreadInfo(environment, thread, &found) == JVMTI_ERROR_NONE
    else { return "" }
    jni.release(found.thread_group)
    jni.release(found.context_class_loader)
    return take(found.name).clipped(toBytes: TextLimit.nameBytes)
  }

  /// The thread that holds the object's lock, as a local reference; nil if none does.
  ///
  /// - Cost: the machine stops all threads for some 10 µs, and lists those that wait.
  func owner(of object: jobject, _ jni: UnsafeMutablePointer<JNIEnv?>) -> jthread? {
    var usage = jvmtiMonitorUsage()
    guard
      functions.pointee.GetObjectMonitorUsage(environment, object, &usage) == JVMTI_ERROR_NONE
    else { return nil }
    drop(usage.waiters, usage.waiter_count, jni)
    drop(usage.notify_waiters, usage.notify_waiter_count, jni)
    return usage.owner
  }

  private func drop(
    _ threads: UnsafeMutablePointer<jthread?>?, _ count: jint,
    _ jni: UnsafeMutablePointer<JNIEnv?>
  ) {
    guard let threads else { return }
    for thread in UnsafeBufferPointer(start: threads, count: Int(count)) { jni.release(thread) }
    release(threads)
  }
}

extension UnsafeMutablePointer where Pointee == JNIEnv? {
  /// Deletes a local reference.
  fileprivate func release(_ object: jobject?) {
    if let object { pointee!.pointee.DeleteLocalRef(self, object) }
  }
}
