// Code that a runtime announced through a file: keyword Code (0x20).

extension SystemSchema {
  static let codeEventTypes: [any TraceEvent.Type] = [
    CodeLoad.self, CodeMove.self, CodeClear.self, CodeLines.self, CodeFile.self,
    CodeReplaced.self,
  ]
}

/// The kind of file that announced a piece of code.
public struct CodeSource: OpenEnumeration {
  public var rawValue: UInt8

  @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// A jitdump file.
  public static let jitdump = CodeSource(rawValue: 1)
  /// A perf map.
  public static let perfMap = CodeSource(rawValue: 2)

  @usableFromInline static let type = FieldType.enumeration(
    EnumSchema(
      name: "CodeSource", underlying: .uint8,
      cases: [
        EnumCase("Jitdump", 1),
        EnumCase("PerfMap", 2),
      ]))
}

/// A piece of code is in place and may run.
///
/// If the record has the rundown flag, the entry was in the file before the session read it first.
/// For a perf map, `since` is then the session's start. Other entries of a perf map appeared
/// between two reads of the file: at `since` at the latest, and less than `doubt` earlier.
public struct CodeLoad: ListedEvent, Hashable {
  public var address: UInt64
  public var size: UInt64
  /// The file's number of the code; 0 if it has none.
  public var codeIndex: UInt64
  public var source: CodeSource
  /// The name in the file.
  public var name: String
  /// Time of the change in nanoseconds of CLOCK_MONOTONIC, from the file; 0 if the file has no
  /// time. The change was then observed at the event's time.
  public var since: UInt64
  /// The maximum time before `since` at which it may have happened.
  public var doubt: UInt64

  @inlinable
  public init(
    address: UInt64, size: UInt64, codeIndex: UInt64, source: CodeSource, name: String,
    since: UInt64 = 0, doubt: UInt64 = 0
  ) {
    self.address = address
    self.size = size
    self.codeIndex = codeIndex
    self.source = source
    self.name = name
    self.since = since
    self.doubt = doubt
  }

  @inlinable
  public init() {
    self.init(address: 0, size: 0, codeIndex: 0, source: CodeSource(rawValue: 0), name: "")
  }

  @inlinable public static var eventID: UInt16 { 20 }
  public static let schema = SystemSchema.event(Self.self, "CodeLoad", SystemSchema.Keyword.code)

  /// The fields in the order in which they are written.
  @inlinable public static func fields(_ list: inout some FieldList<Self>) {
    list.field("address", \.address, type: .pointer, hint: .codeAddress)
    list.field("size", \.size, hint: .bytes)
    list.field("codeIndex", \.codeIndex)
    list.field("source", \.source, type: CodeSource.type)
    list.field("name", osString: \.name)
    list.field("since", \.since, hint: .nanoseconds)
    list.field("doubt", \.doubt, hint: .nanoseconds)
  }
}

/// A piece of code moved to another address.
public struct CodeMove: ListedEvent, Hashable {
  public var oldAddress: UInt64
  public var newAddress: UInt64
  public var size: UInt64
  public var codeIndex: UInt64
  /// Time of the change in nanoseconds of CLOCK_MONOTONIC, from the file; 0 if the file has no
  /// time. The change was then observed at the event's time.
  public var since: UInt64

  @inlinable
  public init(
    oldAddress: UInt64, newAddress: UInt64, size: UInt64, codeIndex: UInt64, since: UInt64 = 0
  ) {
    self.oldAddress = oldAddress
    self.newAddress = newAddress
    self.size = size
    self.codeIndex = codeIndex
    self.since = since
  }

  @inlinable public init() { self.init(oldAddress: 0, newAddress: 0, size: 0, codeIndex: 0) }

  @inlinable public static var eventID: UInt16 { 21 }
  public static let schema = SystemSchema.event(Self.self, "CodeMove", SystemSchema.Keyword.code)

  @inlinable public static func fields(_ list: inout some FieldList<Self>) {
    list.field("oldAddress", \.oldAddress, type: .pointer)
    list.field("newAddress", \.newAddress, type: .pointer)
    list.field("size", \.size, hint: .bytes)
    list.field("codeIndex", \.codeIndex)
    list.field("since", \.since, hint: .nanoseconds)
  }
}

/// All code announced by the process's file has ended.
public struct CodeClear: ListedEvent, Hashable {
  public var source: CodeSource
  /// Time of the change in nanoseconds of CLOCK_MONOTONIC, from the file; 0 if the file has no
  /// time. The change was then observed at the event's time.
  public var since: UInt64

  @inlinable
  public init(source: CodeSource, since: UInt64 = 0) {
    self.source = source
    self.since = since
  }

  @inlinable public init() { self.init(source: CodeSource(rawValue: 0)) }

  @inlinable public static var eventID: UInt16 { 22 }
  public static let schema = SystemSchema.event(Self.self, "CodeClear", SystemSchema.Keyword.code)

  @inlinable public static func fields(_ list: inout some FieldList<Self>) {
    list.field("source", \.source, type: CodeSource.type)
    list.field("since", \.since, hint: .nanoseconds)
  }
}

/// Memory that may have contained compiled code was, or may have been, mapped anew. Code announced
/// there before has ended, or may have ended.
public struct CodeReplaced: ListedEvent, Hashable {
  public var address: UInt64
  public var size: UInt64
  /// False if the memory may be unchanged.
  public var isSure: Bool

  @inlinable
  public init(address: UInt64, size: UInt64, isSure: Bool) {
    self.address = address
    self.size = size
    self.isSure = isSure
  }

  @inlinable public init() { self.init(address: 0, size: 0, isSure: false) }

  @inlinable public static var eventID: UInt16 { 25 }
  public static let schema = SystemSchema.event(
    Self.self, "CodeReplaced", SystemSchema.Keyword.code)

  @inlinable public static func fields(_ list: inout some FieldList<Self>) {
    list.field("address", \.address, type: .pointer)
    list.field("size", \.size, hint: .bytes)
    list.field("isSure", \.isSure)
  }
}

/// The source lines of a piece of code, one entry for each row.
public struct CodeLines: ListedEvent, Hashable {
  /// Where the code begins.
  public var address: UInt64
  /// Where each row begins, ascending.
  public var addresses: [UInt64]
  /// Line numbers from 1; 0 if there is none.
  public var lines: [UInt32]
  public var files: [String]
  /// Time of the change in nanoseconds of CLOCK_MONOTONIC, from the file; 0 if the file has no
  /// time. The change was then observed at the event's time.
  public var since: UInt64

  @inlinable
  public init(
    address: UInt64, addresses: [UInt64], lines: [UInt32], files: [String], since: UInt64 = 0
  ) {
    self.address = address
    self.addresses = addresses
    self.lines = lines
    self.files = files
    self.since = since
  }

  @inlinable public init() { self.init(address: 0, addresses: [], lines: [], files: []) }

  @inlinable public static var eventID: UInt16 { 23 }
  public static let schema = SystemSchema.event(Self.self, "CodeLines", SystemSchema.Keyword.code)

  @inlinable public static func fields(_ list: inout some FieldList<Self>) {
    list.field("address", \.address, type: .pointer, hint: .codeAddress)
    list.field("addresses", \.addresses, type: .array(.scalar(.pointer)))
    list.field("lines", \.lines)
    list.field("files", osStrings: \.files)
    list.field("since", \.since, hint: .nanoseconds)
  }
}
