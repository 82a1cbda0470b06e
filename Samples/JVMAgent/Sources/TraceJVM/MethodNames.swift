import CJVM

/// The names of a method.
struct MethodNames {
  /// The class, "java.util.HashMap".
  var namespace = ""
  /// "put", "<init>".
  var name = ""
  /// Descriptor, "(Ljava/lang/Object;Ljava/lang/Object;)Ljava/lang/Object;".
  var signature = ""

  /// The names are empty if the method's class is unloaded.
  init(of method: jmethodID, by tool: ToolInterface) {
    guard let own = tool.nameAndSignature(of: method) else { return }
    name = own.name.clipped(toBytes: TextLimit.nameBytes)
    signature = own.signature.clipped(toBytes: TextLimit.nameBytes)
    namespace =
      tool.declaringClass(of: method).map(tool.name(of:))?.clipped(toBytes: TextLimit.nameBytes)
      ?? ""
  }

  /// "java.util.HashMap.put".
  var qualified: String { namespace.isEmpty ? name : "\(namespace).\(name)" }

  /// The number that identifies the method in all events.
  static func id(of method: jmethodID?) -> UInt64 {
    UInt64(UInt(bitPattern: method))
  }
}
