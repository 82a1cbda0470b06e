import CJVM
import Glibc

extension UnsafeMutablePointer where Pointee == JavaVM? {
  private var functions: UnsafePointer<JNIInvokeInterface_> { pointee! }

  /// This thread's JNI environment; nil if the thread is not attached.
  func environment() -> UnsafeMutablePointer<JNIEnv?>? {
    var raw: UnsafeMutableRawPointer?
    guard functions.pointee.GetEnv(self, &raw, JNI_VERSION_1_8) == JNI_OK else { return nil }
    return raw?.assumingMemoryBound(to: JNIEnv?.self)
  }

  /// Runs `body` on this thread, attached to the machine only during the call, because System.exit
  /// waits up to 300 ms for threads that remain attached. Does nothing if the machine refuses (out
  /// of memory).
  func withThisThreadAttached(_ body: () -> Void) {
    if environment() != nil { return body() }
    let attached = "trace control".withCString { name in
      var arguments = JavaVMAttachArgs(
        version: JNI_VERSION_1_8, name: UnsafeMutablePointer<CChar>(mutating: name), group: nil)
      var raw: UnsafeMutableRawPointer?
      return functions.pointee.AttachCurrentThreadAsDaemon(self, &raw, &arguments) == JNI_OK
    }
    guard attached else { return }
    body()
    _ = functions.pointee.DetachCurrentThread(self)
  }
}
