import Glibc

/// The identity of the object that a descriptor referred to when it was opened. With it, the owner
/// detects that the program has closed the descriptor and reused its number.
///
/// - Guarantee: distinguishes files, directories, sockets and pipes from each other and from
///   eventfd and inotify descriptors.
/// - Trap: does not distinguish eventfd, inotify, epoll and timer descriptors from each other.
/// - Cost: one system call.
package struct DescriptorIdentity: Equatable, Sendable {
  private var device: UInt64
  private var inode: UInt64
  private var format: UInt32

  /// Nil if the descriptor is not open.
  package init?(of descriptor: Int32) {
    var status = stat()
    guard descriptor >= 0, fstat(descriptor, &status) == 0 else { return nil }
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
    format = UInt32(status.st_mode & S_IFMT)
  }

  package func isStill(_ descriptor: Int32) -> Bool { Self(of: descriptor) == self }
}

/// Moves descriptors to high numbers, because programs close low numbers and open files there.
package enum HighDescriptor {
  /// The usual limit on open files. Higher numbers may not fit data structures of the program.
  private static let limitUsual = 1024

  /// Moves the descriptor to a high number and closes the low one. Returns the same number if no
  /// high one is free. The result is closed on exec.
  package static func raise(_ descriptor: Int32) -> Int32 {
    guard descriptor >= 0 else { return descriptor }
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
      return descriptor
    }
    let floor = min(Int(clamping: limit.rlim_cur), limitUsual) / 4 * 3
    guard Int(descriptor) < floor else { return descriptor }
    let raised = fcntl(descriptor, F_DUPFD_CLOEXEC, Int32(floor))
    guard raised >= 0 else { return descriptor }
    close(descriptor)
    return raised
  }
}
