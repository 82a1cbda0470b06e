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

  static let type = FieldType.enumeration(
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

  static let type = FieldType.enumeration(
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
public struct MethodLoad: TraceEvent, Hashable {
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

  @inlinable public static var eventID: UInt16 { 143 }
  public static let schema = RuntimeSchema.event(
    eventID, "MethodLoad", .informational, RuntimeSchema.Keyword.jit,
    [
      FieldSchema("methodID", .uint64, .hexadecimal),
      FieldSchema("moduleID", .uint64, .hexadecimal),
      FieldSchema("startAddress", .pointer, .codeAddress),
      FieldSchema("size", .uint32, .bytes),
      FieldSchema("flags", MethodFlags.type),
      FieldSchema("tier", MethodTier.type),
      FieldSchema("namespace", .string),
      FieldSchema("name", .string),
      FieldSchema("signature", .string),
      FieldSchema("reJITID", .uint64),
    ])

  @inlinable public func encode(into encoder: inout EventEncoder) {
    encoder.encode(methodID)
    encoder.encode(moduleID)
    encoder.encode(startAddress)
    encoder.encode(size)
    encoder.encode(flags)
    encoder.encode(tier)
    encoder.encode(namespace)
    encoder.encode(name)
    encoder.encode(signature)
    encoder.encode(reJITID)
  }

  public init(from decoder: inout EventDecoder) {
    methodID = decoder.decode()
    moduleID = decoder.decode()
    startAddress = decoder.decode()
    size = decoder.decode()
    flags = decoder.decode()
    tier = decoder.decode()
    namespace = decoder.decode()
    name = decoder.decode()
    signature = decoder.decode()
    reJITID = decoder.decode()
  }
}

/// A method's machine code was removed; its addresses may be used again.
public struct MethodUnload: TraceEvent, Hashable {
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

  @inlinable public static var eventID: UInt16 { 144 }
  public static let schema = RuntimeSchema.event(
    eventID, "MethodUnload", .informational, RuntimeSchema.Keyword.jit,
    [
      FieldSchema("methodID", .uint64, .hexadecimal),
      FieldSchema("moduleID", .uint64, .hexadecimal),
      FieldSchema("startAddress", .pointer, .codeAddress),
      FieldSchema("size", .uint32, .bytes),
      FieldSchema("flags", MethodFlags.type),
      FieldSchema("namespace", .string),
      FieldSchema("name", .string),
      FieldSchema("signature", .string),
      FieldSchema("reJITID", .uint64),
    ])

  @inlinable public func encode(into encoder: inout EventEncoder) {
    encoder.encode(methodID)
    encoder.encode(moduleID)
    encoder.encode(startAddress)
    encoder.encode(size)
    encoder.encode(flags)
    encoder.encode(namespace)
    encoder.encode(name)
    encoder.encode(signature)
    encoder.encode(reJITID)
  }

  public init(from decoder: inout EventDecoder) {
    methodID = decoder.decode()
    moduleID = decoder.decode()
    startAddress = decoder.decode()
    size = decoder.decode()
    flags = decoder.decode()
    namespace = decoder.decode()
    name = decoder.decode()
    signature = decoder.decode()
    reJITID = decoder.decode()
  }
}

/// A method's compilation begins.
public struct MethodJittingStarted: TraceEvent, Hashable {
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

  @inlinable public static var eventID: UInt16 { 145 }
  public static let schema = RuntimeSchema.event(
    eventID, "MethodJittingStarted", .verbose, RuntimeSchema.Keyword.jit,
    [
      FieldSchema("methodID", .uint64, .hexadecimal),
      FieldSchema("moduleID", .uint64, .hexadecimal),
      FieldSchema("ilSize", .uint32, .bytes),
      FieldSchema("namespace", .string),
      FieldSchema("name", .string),
      FieldSchema("signature", .string),
    ])

  @inlinable public func encode(into encoder: inout EventEncoder) {
    encoder.encode(methodID)
    encoder.encode(moduleID)
    encoder.encode(ilSize)
    encoder.encode(namespace)
    encoder.encode(name)
    encoder.encode(signature)
  }

  public init(from decoder: inout EventDecoder) {
    methodID = decoder.decode()
    moduleID = decoder.decode()
    ilSize = decoder.decode()
    namespace = decoder.decode()
    name = decoder.decode()
    signature = decoder.decode()
  }
}

/// A method's machine code has moved; the old addresses may be used again.
public struct MethodMove: TraceEvent, Hashable {
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

  @inlinable public static var eventID: UInt16 { 146 }
  public static let schema = RuntimeSchema.event(
    eventID, "MethodMove", .informational, RuntimeSchema.Keyword.jit,
    [
      FieldSchema("methodID", .uint64, .hexadecimal),
      FieldSchema("oldStartAddress", .pointer, .codeAddress),
      FieldSchema("newStartAddress", .pointer, .codeAddress),
      FieldSchema("size", .uint32, .bytes),
      FieldSchema("reJITID", .uint64),
    ])

  @inlinable public func encode(into encoder: inout EventEncoder) {
    encoder.encode(methodID)
    encoder.encode(oldStartAddress)
    encoder.encode(newStartAddress)
    encoder.encode(size)
    encoder.encode(reJITID)
  }

  public init(from decoder: inout EventDecoder) {
    methodID = decoder.decode()
    oldStartAddress = decoder.decode()
    newStartAddress = decoder.decode()
    size = decoder.decode()
    reJITID = decoder.decode()
  }
}

/// Maps each piece of a method's machine code to a byte code offset or source line.
public struct MethodILToNativeMap: TraceEvent, Hashable {
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

  @inlinable public static var eventID: UInt16 { 190 }
  public static let schema = RuntimeSchema.event(
    eventID, "MethodILToNativeMap", .verbose, RuntimeSchema.Keyword.jittedMethodILToNativeMap,
    [
      FieldSchema("methodID", .uint64, .hexadecimal),
      FieldSchema("reJITID", .uint64),
      FieldSchema("startAddress", .pointer, .codeAddress),
      FieldSchema("ilOffsets", .array(.scalar(.uint32))),
      FieldSchema("nativeOffsets", .array(.scalar(.uint32))),
      FieldSchema("lines", .array(.scalar(.uint32))),
      FieldSchema("sourceFile", .string),
    ])

  @inlinable public func encode(into encoder: inout EventEncoder) {
    encoder.encode(methodID)
    encoder.encode(reJITID)
    encoder.encode(startAddress)
    encoder.encode(array: ilOffsets)
    encoder.encode(array: nativeOffsets)
    encoder.encode(array: lines)
    encoder.encode(sourceFile)
  }

  public init(from decoder: inout EventDecoder) {
    methodID = decoder.decode()
    reJITID = decoder.decode()
    startAddress = decoder.decode()
    ilOffsets = decoder.decode(arrayOf: UInt32.self)
    nativeOffsets = decoder.decode(arrayOf: UInt32.self)
    lines = decoder.decode(arrayOf: UInt32.self)
    sourceFile = decoder.decode()
  }
}
