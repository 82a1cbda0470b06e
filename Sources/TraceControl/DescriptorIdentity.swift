import Glibc

/// What a descriptor referred to when it was opened, so that its owner notices when the program has
/// closed it and given its number to something else.
///
/// - Guarantee: files, directories, sockets and pipes are told apart from each other and from
///   eventfd and inotify descriptors.
/// - Trap: all eventfd, inotify, epoll and timer descriptors look alike.
/// - Cost: one system call.
package struct DescriptorIdentity: Equatable, Sendable {
  private var device: UInt64
  private var inode: UInt64
  private var format: UInt32

  /// Nil when the descriptor is not open.
  package init?(of descriptor: Int32) {
    var status = stat()
    guard descriptor >= 0, fstat(descriptor, &status) == 0 else { return nil }
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
    format = UInt32(status.st_mode & S_IFMT)
  }

  package func isStill(_ descriptor: Int32) -> Bool { Self(of: descriptor) == self }
}

/// Moves descriptors out of the way of programs that close the low numbers and open files there.
package enum HighDescriptor {
  /// Where most programs' limit lies; numbers above it may not fit what the program uses.
  private static let limitUsual = 1024

  /// Gives the descriptor a high number and closes the low one; the same number when there is no
  /// free one. The result is closed on exec.
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
