internal import CTraceShims
public import Glibc
internal import OSStrings

/// Checks whether a file is the one that the kernel reported when it was mapped.
public enum MappedFile {
  /// File systems whose files show other device numbers than the kernel's mapping records: btrfs
  /// (for each subvolume), overlayfs, aufs. On these, only the inode is compared.
  private static let withOwnDevices: Set<UInt64> = [0x9123_683e, 0x794c_7630, 0x6175_6673]

  /// Whether a file has this inode and device. The inode alone is not sufficient: the first files
  /// of any two tmpfs have the same inodes.
  ///
  /// - Parameter path: the file's path, used to determine its file system.
  public static func `is`(
    _ status: stat, at path: String, device: UInt64, inode: UInt64
  ) -> Bool {
    guard UInt64(status.st_ino) == inode else { return false }
    if device == 0 || UInt64(status.st_dev) == device { return true }
    return withOwnDevices.contains(path.withOSString { trace_file_system($0) })
  }
}
