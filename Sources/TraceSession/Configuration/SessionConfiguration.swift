import TraceControl
internal import TraceEvents
public import TraceFormat

/// Selects the processes that a session records; by default, all.
public struct ProcessFilter: Hashable, Sendable {
  public var pids: Set<UInt32>
  /// Also records the descendants of this process. A descendant whose intermediate ancestors have
  /// ended is recognized only if it was reparented to this process (PR_SET_CHILD_SUBREAPER).
  public var ancestor: UInt32?
  /// Names of executables, without directories. If not empty, a process must also have one of them.
  public var executableNames: Set<String>
  /// Also records the descendants of ``pids``: those that run, and those that they start later.
  ///
  /// - Trap: if kernel events are available, descendants are known from fork records. Otherwise a
  ///   process is recognized by its ancestors in /proc when it joins the session, so a process
  ///   whose parent has already ended is missed.
  public var takesChildren = false

  public init(
    pids: Set<UInt32> = [], ancestor: UInt32? = nil, executableNames: Set<String> = [],
    takesChildren: Bool = false
  ) {
    self.pids = pids
    self.takesChildren = takesChildren
    self.ancestor = ancestor
    self.executableNames = executableNames
  }

  func admits(pid: UInt32, executable: String) -> Bool {
    let name = executable.split(separator: "/").last.map(String.init) ?? ""
    return admits(pid: pid) && (executableNames.isEmpty || executableNames.contains(name))
  }

  private func admits(pid: UInt32) -> Bool {
    if pids.contains(pid) { return true }
    if takesChildren, ProcessIdentity.ancestors(of: pid).contains(where: pids.contains) {
      return true
    }
    guard let ancestor else { return pids.isEmpty }
    return ProcessIdentity.ancestors(of: pid).contains(ancestor)
  }
}

/// The configuration of a session: what it collects, how, and into which file.
public struct SessionConfiguration: Sendable {
  /// The session's name in the trace.
  public var name = "trace"
  /// Path of the output file; if nil, there is no file, and events are only delivered by
  /// ``Session/liveTrace(limit:)``.
  public var outputPath: String?
  /// A descriptor to write to instead of a new file, such as standard output; the session closes
  /// it. Messages then use ``outputPath`` as its name. It must be a pipe, a socket, or an empty
  /// file at its start.
  public var outputDescriptor: Int32?
  public var providers: [ProviderSpec]
  public var stacks: [StackSpec] = []
  /// The CPU sampling; nil for none. If ``processes`` selects this process's descendants, sampling
  /// follows the children that the thread which calls ``Session/start()`` starts afterwards;
  /// otherwise the listed processes or, if there are none, the whole machine.
  public var cpuSampling: CPUSampling?
  /// Whether context switches of the same processes are recorded.
  public var contextSwitches = false
  /// The counters of the machine, of processes that join or are listed, and of their cgroups; nil
  /// for none.
  public var systemCounters: CounterSampling?
  /// Mean number of bytes between the samples of heap allocations that ``Session`` asks of a
  /// command; nil for none.
  public var heapInterval_bytes: Int?
  /// Waits for locks that took less are sampled, as ``Session`` asks of a command; nil if none are
  /// to be measured.
  public var lockThreshold_ns: UInt64?
  /// Whether context switches and wake-ups are recorded with stacks.
  public var switchStacks = false
  public var processes = ProcessFilter()
  /// Size of the buffer for each CPU, rounded up to a power of two from 128 KiB to 1 GiB.
  public var bufferBytesPerCPU = 4 << 20
  public var mode: BufferMode = .discard
  /// Whether each process has private buffers, in which no other process can write, read or forge
  /// events. Nil: yes in a session of root, which records all users' processes; otherwise the
  /// processes of the session's user share buffers.
  ///
  /// - Cost: memory for each process, ``bufferBytesPerCPU`` per CPU while memory suffices; later
  ///   processes get smaller buffers, and the last ones share buffers.
  public var isolatesProcesses: Bool?
  /// Maximum time that an emitting thread waits for space in block mode.
  public var blockTimeout: Duration = .seconds(1)
  /// The interval at which the file is updated.
  public var flushInterval: Duration = .seconds(1)
  /// Whether providers report their existing state when they are enabled, and again at the end.
  public var capturesStateAtStart = true
  public var capturesStateAtStop = false
  /// Whether the symbols of functions in stacks are written into the file at the end, so that it
  /// can be read on another machine.
  public var writesSymbols = true
  /// The session's start time in the trace, which also identifies the session's buffers afterwards.
  var startTicks: UInt64 = 0

  public init(providers: [ProviderSpec], outputPath: String? = nil) {
    self.providers = providers
    self.outputPath = outputPath
  }

  public init(_ selection: SourceSelection, outputPath: String? = nil) {
    self.init(providers: selection.providers, outputPath: outputPath)
    cpuSampling = selection.cpuSampling
    contextSwitches = selection.contextSwitches
    systemCounters = selection.systemCounters
    heapInterval_bytes = selection.heapInterval_bytes
    lockThreshold_ns = selection.lockThreshold_ns
    // An allocation without its stack says little, and so does a wait.
    if heapInterval_bytes != nil {
      stacks.append(
        StackSpec(
          provider: HeapSchema.providerName, events: .only([.id(HeapAlloc.eventID)])))
    }
    if lockThreshold_ns != nil {
      stacks.append(
        StackSpec(
          provider: LockSchema.providerName,
          events: .only([.id(LockWait.eventID), .id(LockRelease.eventID)])))
    }
  }
}
