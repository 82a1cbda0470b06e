internal import TraceEvents

/// What a thread waits for, according to the functions in which it stops running.
public enum WaitReason: String, Hashable, Sendable, CaseIterable {
  /// A lock or another condition of the program: futex(2).
  case futex
  /// A time: nanosleep(2).
  case sleep
  /// A disk.
  case disk
  /// A page of memory that must be read or made.
  case pageFault = "page fault"
  /// Data or room in a socket.
  case network
  /// Any of several files: poll(2), select(2), epoll_wait(2).
  case poll
  /// Data or room in a pipe.
  case pipe
  /// The end of a child.
  case child
  /// A signal, or a signal or debugger that lets a stopped thread continue.
  case signal
  /// A lock of the kernel.
  case kernelLock = "kernel lock"
  /// Something else; the stack has names that tell what.
  case other
  /// Nothing is known: the switch has no stack, or the stack has no names.
  case unknown

  /// The reason told by a thread's state alone; nil if the stack decides.
  static func of(_ state: ThreadState) -> WaitReason? {
    state == .stopped || state == .traced ? .signal : nil
  }

  /// The reason told by a stack, innermost frame first. The kernel's functions decide; without
  /// their names, those of the program's libraries.
  static func of(_ frames: some Sequence<StackFrame>) -> WaitReason {
    var hasNames = false
    var found: WaitReason?
    for frame in frames where frame.kind == .function {
      let isKernel = frame.module == kernelModule
      hasNames = hasNames || isKernel
      if isKernel {
        // A page fault reads the page like any other file; the outer function tells the difference.
        if faults.contains(where: frame.function.contains) { return .pageFault }
        found = found ?? kernelParts.first { frame.function.contains($0.part) }?.reason
      } else {
        if hasNames { break }
        if let reason = libraryFunctions[frame.function.baseName] { return reason }
      }
    }
    return found ?? (hasNames ? .other : .unknown)
  }

  private static let kernelModule = "[k]"

  private static let faults = [
    "exc_page_fault", "handle_mm_fault", "do_page_fault", "do_mem_abort",
  ]

  /// Parts of the names of kernel functions. The first of a stack's frames that contains one
  /// decides.
  private static let kernelParts: [(part: String, reason: WaitReason)] = [
    ("futex", .futex), ("nanosleep", .sleep), ("pipe_", .pipe), ("fifo_", .pipe),
    ("ep_poll", .poll), ("epoll_wait", .poll), ("do_sys_poll", .poll), ("do_select", .poll),
    ("poll_schedule", .poll), ("io_schedule", .disk), ("folio_wait", .disk), ("blk_", .disk),
    ("bio_wait", .disk), ("jbd2_", .disk), ("wait_on_buffer", .disk), ("wait_on_page", .disk),
    ("fsync", .disk), ("sk_wait", .network), ("skb_wait", .network), ("skb_recv", .network),
    ("tcp_", .network), ("inet_", .network), ("unix_", .network), ("sock_", .network),
    ("netlink_", .network), ("vsock_", .network), ("do_wait", .child), ("wait4", .child),
    ("waitid", .child), ("wait_for_vfork_done", .child), ("do_signal_stop", .signal),
    ("ptrace_stop", .signal), ("sigtimedwait", .signal), ("sigsuspend", .signal),
    ("sys_pause", .signal), ("rwsem_", .kernelLock), ("mutex_lock", .kernelLock),
    ("down_read", .kernelLock), ("down_write", .kernelLock),
  ]

  /// Functions of the C library that wait, without leading underscores.
  private static let libraryFunctions: [String: WaitReason] = [
    "futex_wait": .futex, "futex_abstimed_wait_common": .futex, "lll_lock_wait": .futex,
    "lll_lock_wait_private": .futex, "pthread_cond_wait": .futex, "pthread_cond_timedwait": .futex,
    "pthread_mutex_lock": .futex, "pthread_rwlock_rdlock": .futex,
    "pthread_rwlock_wrlock": .futex, "pthread_join": .futex, "pthread_barrier_wait": .futex,
    "sem_wait": .futex, "sem_timedwait": .futex, "nanosleep": .sleep, "clock_nanosleep": .sleep,
    "usleep": .sleep, "poll": .poll, "ppoll": .poll, "select": .poll, "pselect": .poll,
    "epoll_wait": .poll, "epoll_pwait": .poll, "recv": .network, "recvfrom": .network,
    "recvmsg": .network, "accept": .network, "accept4": .network, "connect": .network,
    "send": .network, "sendto": .network, "sendmsg": .network, "wait4": .child, "waitpid": .child,
    "waitid": .child, "pause": .signal, "sigsuspend": .signal, "sigwait": .signal,
    "sigtimedwait": .signal, "fsync": .disk, "fdatasync": .disk,
  ]
}

extension String {
  /// The name of a C function without leading underscores, version and suffixes such as `64`.
  fileprivate var baseName: String {
    var name = drop { $0 == "_" }.prefix { $0 != "@" && $0 != "." }
    if name.hasPrefix("GI_") { name = name.dropFirst(3).drop { $0 == "_" } }
    if name.hasPrefix("libc_") { name = name.dropFirst(5) }
    if name.hasSuffix("64") { name = name.dropLast(2) }
    return String(name)
  }
}
