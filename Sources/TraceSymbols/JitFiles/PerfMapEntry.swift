/// A line of a perf map: a function and its address range.
public struct PerfMapEntry: Hashable, Sendable {
  public var address: UInt64
  public var size: UInt64
  public var name: String

  public init(address: UInt64, size: UInt64, name: String) {
    self.address = address
    self.size = size
    self.name = name
  }
}
