internal import CTraceShims
public import Glibc
internal import OSStrings

/// Whether a file is the one that the kernel told of when it was mapped.
public enum MappedFile {
  /// File systems whose files show devices that are not the kernel's own numbers for them, as its
  /// records of mappings have them: btrfs (of each subvolume), overlayfs, aufs. There the inode
  /// alone tells.
  private static let withOwnDevices: Set<UInt64> = [0x9123_683e, 0x794c_7630, 0x6175_6673]

  /// Whether a file has an inode on a device. An inode alone says little: the first files of any
  /// two tmpfs have the same ones.
  ///
  /// - Parameter path: how the file was found, to ask for its file system.
  public static func `is`(
    _ status: stat, at path: String, device: UInt64, inode: UInt64
  ) -> Bool {
    guard UInt64(status.st_ino) == inode else { return false }
    if device == 0 || UInt64(status.st_dev) == device { return true }
    return withOwnDevices.contains(path.withOSString { trace_file_system($0) })
  }
}
