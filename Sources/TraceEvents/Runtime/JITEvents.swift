// Just-in-time compilation: keyword JIT (0x10).

extension RuntimeSchema {
  static let jitEventTypes: [any TraceEvent.Type] = [
    MethodLoad.self, MethodUnload.self, MethodJittingStarted.self, MethodMove.self,
    MethodILToNativeMap.self,
  ]
}

/// The kind of a method's code. Bits 7 to 9 hold the ``MethodTier``.
public struct MethodFlags: OpenEnumeration {
  public var rawValue: UInt32

  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

  public static let dynamic = MethodFlags(rawValue: 0x1)
  public static let generic = MethodFlags(rawValue: 0x2)
  public static let sharedGeneric = MethodFlags(rawValue: 0x4)
  public static let jitted = MethodFlags(rawValue: 0x8)
  public static let jitHelper = MethodFlags(rawValue: 0x10)

  @usableFromInline static let type = FieldType.enumeration(
    EnumSchema(
      name: "MethodFlags", underlying: .uint32, isFlags: true,
      cases: [
        EnumCase("Dynamic", 0x1),
        EnumCase("Generic", 0x2),
        EnumCase("SharedGeneric", 0x4),
        EnumCase("Jitted", 0x8),
        EnumCase("JitHelper", 0x10),
      ]))
}

/// The optimization level of a method's code.
public struct MethodTier: OpenEnumeration {
  public var rawValue: UInt8

  @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }

  public static let unknown = MethodTier(rawValue: 0)
  public static let minOptJitted = MethodTier(rawValue: 1)
  public static let optimized = MethodTier(rawValue: 2)
  public static let quickJitted = MethodTier(rawValue: 3)
  public static let optimizedTier1 = MethodTier(rawValue: 4)
  public static let tier1OSR = MethodTier(rawValue: 5)
  public static let quickJittedInstrumented = MethodTier(rawValue: 6)
  public static let tier1Instrumented = MethodTier(rawValue: 7)
  public static let readyToRun = MethodTier(rawValue: 8)

  @usableFromInline static let type = FieldType.enumeration(
    EnumSchema(
      name: "MethodTier", underlying: .uint8,
      cases: [
        EnumCase("Unknown", 0),
        EnumCase("MinOptJitted", 1),
        EnumCase("Optimized", 2),
        EnumCase("QuickJitted", 3),
        EnumCase("OptimizedTier1", 4),
        EnumCase("Tier1OSR", 5),
        EnumCase("QuickJittedInstrumented", 6),
        EnumCase("Tier1Instrumented", 7),
        EnumCase("ReadyToRun", 8),
      ]))
}

/// A method's machine code is in place and may run from now on.
///
/// If the record has the rundown flag, the code was in place before the session enabled the event.
public struct MethodLoad: ListedEvent, Hashable {
  /// The runtime's handle, the same in every event about the method.
  public var methodID: UInt64
  public var moduleID: UInt64
  public var startAddress: UInt64
  /// Size of the machine code at `startAddress` in bytes.
  public var size: UInt32
  public var flags: MethodFlags
  public var tier: MethodTier
  /// Namespace and class; empty if there is none.
  public var namespace: String
  public var name: String
  public var signature: String
  /// Number of the method's code version, from 0.
  public var reJITID: UInt64

  @inlinable
  public init(
    methodID: UInt64, moduleID: UInt64 = 0, startAddress: UInt64, size: UInt32,
    flags:
      MethodFlags = .jitted, tier: MethodTier = .unknown, namespace: String, name: String,
    signature: String, reJITID: UInt64 = 0
  ) {
    self.methodID = methodID
    self.moduleID = moduleID
    self.startAddress = startAddress
    self.size = size
    self.flags = flags
    self.tier = tier
    self.namespace = namespace
    self.name = name
    self.signature = signature
    self.reJITID = reJITID
  }

  @inlinable
  public init() {
    self.init(methodID: 0, startAddress: 0, size: 0, namespace: "", name: "", signature: "")
  }

  @inlinable public static var eventID: UInt16 { 143 }
  public static let schema = RuntimeSchema.event(
    Self.self, "MethodLoad", .informational, RuntimeSchema.Keyword.jit)

  /// The fields in the order in which they are written.
  @inlinable public static func fields(_ list: inout some FieldList<Self>) {
    list.field("methodID", \.methodID, hint: .hexadecimal)
    list.field("moduleID", \.moduleID, hint: .hexadecimal)
    list.field("startAddress", \.startAddress, type: .pointer, hint: .codeAddress)
    list.field("size", \.size, hint: .bytes)
    list.field("flags", \.flags, type: MethodFlags.type)
    list.field("tier", \.tier, type: MethodTier.type)
    list.field("namespace", \.namespace)
    list.field("name", \.name)
    list.field("signature", \.signature)
    list.field("reJITID", \.reJITID)
  }
}

/// A method's machine code was removed; its addresses may be used again.
public struct MethodUnload: ListedEvent, Hashable {
  /// The runtime's handle, the same in every event about the method.
  public var methodID: UInt64
  public var moduleID: UInt64
  public var startAddress: UInt64
  /// Size of the machine code at `startAddress` in bytes.
  public var size: UInt32
  public var flags: MethodFlags
  /// Namespace and class; empty if there is none.
  public var namespace: String
  public var name: String
  public var signature: String
  public var reJITID: UInt64

  @inlinable
  public init(
    methodID: UInt64, moduleID: UInt64 = 0, startAddress: UInt64, size: UInt32,
    flags:
      MethodFlags = .jitted, namespace: String, name: String, signature: String, reJITID: UInt64 = 0
  ) {
    self.methodID = methodID
    self.moduleID = moduleID
    self.startAddress = startAddress
    self.size = size
    self.flags = flags
    self.namespace = namespace
    self.name = name
    self.signature = signature
    self.reJITID = reJITID
  }

  @inlinable
  public init() {
    self.init(methodID: 0, startAddress: 0, size: 0, namespace: "", name: "", signature: "")
  }

  @inlinable public static var eventID: UInt16 { 144 }
  public static let schema = RuntimeSchema.event(
    Self.self, "MethodUnload", .informational, RuntimeSchema.Keyword.jit)

  @inlinable public static func fields(_ list: inout some FieldList<Self>) {
    list.field("methodID", \.methodID, hint: .hexadecimal)
    list.field("moduleID", \.moduleID, hint: .hexadecimal)
    list.field("startAddress", \.startAddress, type: .pointer, hint: .codeAddress)
    list.field("size", \.size, hint: .bytes)
    list.field("flags", \.flags, type: MethodFlags.type)
    list.field("namespace", \.namespace)
    list.field("name", \.name)
    list.field("signature", \.signature)
    list.field("reJITID", \.reJITID)
  }
}

/// A method's compilation begins.
public struct MethodJittingStarted: ListedEvent, Hashable {
  /// The runtime's handle, the same in every event about the method.
  public var methodID: UInt64
  public var moduleID: UInt64
  /// Size of the byte code in bytes.
  public var ilSize: UInt32
  /// Namespace and class; empty if there is none.
  public var namespace: String
  public var name: String
  public var signature: String

  @inlinable
  public init(
    methodID: UInt64, moduleID: UInt64 = 0, ilSize: UInt32, namespace: String, name: String,
    signature: String
  ) {
    self.methodID = methodID
    self.moduleID = moduleID
    self.ilSize = ilSize
    self.namespace = namespace
    self.name = name
    self.signature = signature
  }

  @inlinable
  public init() {
    self.init(methodID: 0, ilSize: 0, namespace: "", name: "", signature: "")
  }

  @inlinable public static var eventID: UInt16 { 145 }
  public static let schema = RuntimeSchema.event(
    Self.self, "MethodJittingStarted", .verbose, RuntimeSchema.Keyword.jit)

  @inlinable public static func fields(_ list: inout some FieldList<Self>) {
    list.field("methodID", \.methodID, hint: .hexadecimal)
    list.field("moduleID", \.moduleID, hint: .hexadecimal)
    list.field("ilSize", \.ilSize, hint: .bytes)
    list.field("namespace", \.namespace)
    list.field("name", \.name)
    list.field("signature", \.signature)
  }
}

/// A method's machine code has moved; the old addresses may be used again.
public struct MethodMove: ListedEvent, Hashable {
  /// The runtime's handle, the same in every event about the method.
  public var methodID: UInt64
  public var oldStartAddress: UInt64
  public var newStartAddress: UInt64
  public var size: UInt32
  public var reJITID: UInt64

  @inlinable
  public init(
    methodID: UInt64, oldStartAddress: UInt64, newStartAddress: UInt64, size: UInt32,
    reJITID:
      UInt64 = 0
  ) {
    self.methodID = methodID
    self.oldStartAddress = oldStartAddress
    self.newStartAddress = newStartAddress
    self.size = size
    self.reJITID = reJITID
  }

  @inlinable
  public init() {
    self.init(methodID: 0, oldStartAddress: 0, newStartAddress: 0, size: 0)
  }

  @inlinable public static var eventID: UInt16 { 146 }
  public static let schema = RuntimeSchema.event(
    Self.self, "MethodMove", .informational, RuntimeSchema.Keyword.jit)

  @inlinable public static func fields(_ list: inout some FieldList<Self>) {
    list.field("methodID", \.methodID, hint: .hexadecimal)
    list.field("oldStartAddress", \.oldStartAddress, type: .pointer, hint: .codeAddress)
    list.field("newStartAddress", \.newStartAddress, type: .pointer, hint: .codeAddress)
    list.field("size", \.size, hint: .bytes)
    list.field("reJITID", \.reJITID)
  }
}

/// Maps each piece of a method's machine code to a byte code offset or source line.
public struct MethodILToNativeMap: ListedEvent, Hashable {
  /// The runtime's handle, the same in every event about the method.
  public var methodID: UInt64
  public var reJITID: UInt64
  public var startAddress: UInt64
  /// Parallel to `nativeOffsets`.
  public var ilOffsets: [UInt32]
  /// Bytes from `startAddress`, ascending.
  public var nativeOffsets: [UInt32]
  /// Source lines parallel to `nativeOffsets`, or empty.
  public var lines: [UInt32]
  public var sourceFile: String

  @inlinable
  public init(
    methodID: UInt64, reJITID: UInt64 = 0, startAddress: UInt64, ilOffsets: [UInt32],
    nativeOffsets: [UInt32], lines: [UInt32] = [], sourceFile: String = ""
  ) {
    self.methodID = methodID
    self.reJITID = reJITID
    self.startAddress = startAddress
    self.ilOffsets = ilOffsets
    self.nativeOffsets = nativeOffsets
    self.lines = lines
    self.sourceFile = sourceFile
  }

  @inlinable
  public init() {
    self.init(methodID: 0, startAddress: 0, ilOffsets: [], nativeOffsets: [])
  }

  @inlinable public static var eventID: UInt16 { 190 }
  public static let schema = RuntimeSchema.event(
    Self.self, "MethodILToNativeMap", .verbose, RuntimeSchema.Keyword.jittedMethodILToNativeMap)

  @inlinable public static func fields(_ list: inout some FieldList<Self>) {
    list.field("methodID", \.methodID, hint: .hexadecimal)
    list.field("reJITID", \.reJITID)
    list.field("startAddress", \.startAddress, type: .pointer, hint: .codeAddress)
    list.field("ilOffsets", \.ilOffsets)
    list.field("nativeOffsets", \.nativeOffsets)
    list.field("lines", \.lines)
    list.field("sourceFile", \.sourceFile)
  }
}
