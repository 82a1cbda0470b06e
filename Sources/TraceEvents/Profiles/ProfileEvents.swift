/// Events about profiles that an importer made a trace of: sums by stack, without times.
public enum ProfileSchema {
  public static let providerName = "Profile"
  /// Stands before the paths of images that are no files, and alone for no image.
  public static let imagePrefix = "profile:"

  /// The event types, in the order of their ids.
  public static let eventTypes: [any TraceEvent.Type] = [
    ProfileDescription.self, ProfileLine.self,
  ]
}

/// What a profile says of itself. The trace of a profile has one such event.
///
/// Each sample of the profile is an event ``event`` with its stack. Equal positions of ``types``,
/// ``units`` and ``fields`` belong together.
public struct ProfileDescription: ListedEvent, Hashable {
  /// The samples' event, such as `System/SampledProfile` or `pprof/Sample`.
  public var event = ""
  /// What the samples count, such as `cpu` or `inuse_space`.
  public var types: [String] = []
  /// The types' units, such as `nanoseconds` or `bytes`.
  public var units: [String] = []
  /// The fields of the event that have the values.
  public var fields: [String] = []
  /// Position of the type that tools show first.
  public var shown: UInt32 = 0
  public var periodType = ""
  public var periodUnit = ""
  /// What is between two samples, in ``periodUnit``.
  public var period: Int64 = 0
  /// Start in nanoseconds since 1970; 0 if unknown.
  public var start: Int64 = 0
  /// Nanoseconds; 0 if unknown.
  public var duration: Int64 = 0
  public var comments: [String] = []
  /// Patterns of frames that tools leave out, and of those that they keep nevertheless.
  public var dropFrames = ""
  public var keepFrames = ""
  /// Where the profile's documentation is; empty if unknown.
  public var url = ""
  /// Creates an empty description.
  public init() {}

  public static var eventID: UInt16 { 1 }
  public static let schema = EventSchema(
    of: Self.self, provider: ProfileSchema.providerName, name: "ProfileDescription")

  /// Lists the fields, as in the file.
  public static func fields(_ list: inout some FieldList<Self>) {
    list.field("event", \.event)
    list.field("types", \.types)
    list.field("units", \.units)
    list.field("fields", \.fields)
    list.field("shown", \.shown)
    list.field("periodType", \.periodType)
    list.field("periodUnit", \.periodUnit)
    list.field("period", \.period)
    list.field("start", \.start, hint: .nanoseconds)
    list.field("duration", \.duration, hint: .nanoseconds)
    list.field("comments", \.comments)
    list.field("dropFrames", \.dropFrames)
    list.field("keepFrames", \.keepFrames)
    list.field("url", \.url)
  }
}

/// The source line that an address of a profile's trace stands for.
///
/// The trace of a profile has an address for each line of each function. The 16 bytes from
/// ``address`` on stand for the line, in every process.
public struct ProfileLine: ListedEvent, Hashable {
  /// A multiple of 16.
  public var address: UInt64 = 0
  /// Path of the source; empty if unknown.
  public var file = ""
  /// Line from 1; 0 if unknown.
  public var line: UInt32 = 0
  /// The function's name in the program, which may be mangled; empty if unknown.
  public var systemName = ""
  /// Whether the function was inlined into its caller.
  public var isInlined = false

  /// Creates a line of address 0.
  public init() {}

  public init(
    address: UInt64, file: String, line: UInt32, systemName: String, isInlined: Bool
  ) {
    (self.address, self.file, self.line) = (address, file, line)
    (self.systemName, self.isInlined) = (systemName, isInlined)
  }

  public static var eventID: UInt16 { 2 }
  public static let schema = EventSchema(
    of: Self.self, provider: ProfileSchema.providerName, name: "ProfileLine")

  /// Lists the fields, as in the file.
  public static func fields(_ list: inout some FieldList<Self>) {
    list.field("address", \.address, type: .pointer, hint: .hexadecimal)
    list.field("file", \.file)
    list.field("line", \.line)
    list.field("systemName", \.systemName)
    list.field("isInlined", \.isInlined)
  }
}
