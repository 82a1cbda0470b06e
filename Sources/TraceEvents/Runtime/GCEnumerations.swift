// Values that the fields of GC events take, with their names.

/// Why a collection was started.
public struct GCReason: OpenEnumeration {
  public var rawValue: UInt32

  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

  public static let allocSmall = GCReason(rawValue: 0)
  public static let induced = GCReason(rawValue: 1)
  public static let lowMemory = GCReason(rawValue: 2)
  public static let empty = GCReason(rawValue: 3)
  public static let allocLarge = GCReason(rawValue: 4)
  public static let outOfSpaceSOH = GCReason(rawValue: 5)
  public static let outOfSpaceLOH = GCReason(rawValue: 6)
  public static let inducedNotForced = GCReason(rawValue: 7)
  public static let `internal` = GCReason(rawValue: 8)
  public static let inducedLowMemory = GCReason(rawValue: 9)
  public static let inducedCompacting = GCReason(rawValue: 10)
  public static let lowMemoryHost = GCReason(rawValue: 11)
  public static let pmFullGC = GCReason(rawValue: 12)
  public static let lowMemoryHostBlocking = GCReason(rawValue: 13)

  @usableFromInline static let type = FieldType.enumeration(
    EnumSchema(
      name: "GCReason", underlying: .uint32,
      cases: [
        EnumCase("AllocSmall", 0),
        EnumCase("Induced", 1),
        EnumCase("LowMemory", 2),
        EnumCase("Empty", 3),
        EnumCase("AllocLarge", 4),
        EnumCase("OutOfSpaceSOH", 5),
        EnumCase("OutOfSpaceLOH", 6),
        EnumCase("InducedNotForced", 7),
        EnumCase("Internal", 8),
        EnumCase("InducedLowMemory", 9),
        EnumCase("InducedCompacting", 10),
        EnumCase("LowMemoryHost", 11),
        EnumCase("PMFullGC", 12),
        EnumCase("LowMemoryHostBlocking", 13),
      ]))
}

/// How a collection runs beside the program.
public struct GCType: OpenEnumeration {
  public var rawValue: UInt32

  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

  public static let nonConcurrent = GCType(rawValue: 0)
  public static let background = GCType(rawValue: 1)
  public static let foreground = GCType(rawValue: 2)

  @usableFromInline static let type = FieldType.enumeration(
    EnumSchema(
      name: "GCType", underlying: .uint32,
      cases: [
        EnumCase("NonConcurrent", 0),
        EnumCase("Background", 1),
        EnumCase("Foreground", 2),
      ]))
}

/// Why the program's threads were stopped.
public struct GCSuspendReason: OpenEnumeration {
  public var rawValue: UInt32

  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

  public static let other = GCSuspendReason(rawValue: 0)
  public static let forGC = GCSuspendReason(rawValue: 1)
  public static let appDomainShutdown = GCSuspendReason(rawValue: 2)
  public static let codePitching = GCSuspendReason(rawValue: 3)
  public static let shutdown = GCSuspendReason(rawValue: 4)
  public static let debugger = GCSuspendReason(rawValue: 5)
  public static let gcPrep = GCSuspendReason(rawValue: 6)
  public static let debuggerSweep = GCSuspendReason(rawValue: 7)

  @usableFromInline static let type = FieldType.enumeration(
    EnumSchema(
      name: "GCSuspendReason", underlying: .uint32,
      cases: [
        EnumCase("Other", 0),
        EnumCase("ForGC", 1),
        EnumCase("AppDomainShutdown", 2),
        EnumCase("CodePitching", 3),
        EnumCase("Shutdown", 4),
        EnumCase("Debugger", 5),
        EnumCase("GCPrep", 6),
        EnumCase("DebuggerSweep", 7),
      ]))
}

/// Where an object was allocated.
public struct GCAllocationKind: OpenEnumeration {
  public var rawValue: UInt32

  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

  public static let small = GCAllocationKind(rawValue: 0)
  public static let large = GCAllocationKind(rawValue: 1)
  public static let pinned = GCAllocationKind(rawValue: 2)

  @usableFromInline static let type = FieldType.enumeration(
    EnumSchema(
      name: "GCAllocationKind", underlying: .uint32,
      cases: [
        EnumCase("Small", 0),
        EnumCase("Large", 1),
        EnumCase("Pinned", 2),
      ]))
}
