import TraceControl
public import TraceFormat

/// Which processes a session takes; where nothing is said, all.
public struct ProcessFilter: Hashable, Sendable {
  public var pids: Set<UInt32>
  /// Takes the descendants of this process too. One whose ancestors in between have ended is known
  /// only if they left it to this process (PR_SET_CHILD_SUBREAPER).
  public var ancestor: UInt32?
  /// Names of executables without their directory; a process must have one of them as well.
  public var executableNames: Set<String>
  /// Takes the descendants of ``pids`` too: those that run, and those that they start later.
  ///
  /// - Trap: where the kernel's events are had, they tell of forks. Otherwise a process is known by
  ///   its ancestors in /proc when it joins the session, so that one whose parent has ended by then
  ///   is not.
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

/// What a session collects, how, and where to.
public struct SessionConfiguration: Sendable {
  /// Shown by whoever reads the trace.
  public var name = "trace"
  /// Nil: no file; events go to ``Session/liveTrace(limit:)`` alone.
  public var outputPath: String?
  /// A descriptor to write to in place of a file of its own, such as standard output; the session
  /// closes it. ``outputPath`` is then what messages call it. It is a pipe, a socket, or an empty
  /// file at its start.
  public var outputDescriptor: Int32?
  public var providers: [ProviderSpec]
  public var stacks: [StackSpec] = []
  /// Nil: no CPU samples. They follow the children that the thread that calls ``Session/start()``
  /// starts afterwards when ``processes`` takes this process's descendants; otherwise the processes
  /// it names, and the whole machine where it names none.
  public var cpuSampling: CPUSampling?
  /// Whether threads' ways on and off the CPUs are recorded, of the same processes.
  public var contextSwitches = false
  public var processes = ProcessFilter()
  /// Rounded up to a power of two, from 128 KiB to 1 GiB.
  public var bufferBytesPerCPU = 4 << 20
  public var mode: BufferMode = .discard
  /// Whether each process has buffers of its own, in which no other can write, read or forge
  /// events. Nil: yes in root's session, which takes every user's processes; else processes of the
  /// session's user share buffers.
  ///
  /// - Cost: memory for each process, ``bufferBytesPerCPU`` a CPU while there is enough; then less,
  ///   and those that come last share.
  public var isolatesProcesses: Bool?
  /// How long an emitting thread waits for room in block mode.
  public var blockTimeout: Duration = .seconds(1)
  /// How often the file is brought up to date.
  public var flushInterval: Duration = .seconds(1)
  /// Whether providers tell what already lives when they are enabled, and once more at the end.
  public var capturesStateAtStart = true
  public var capturesStateAtStop = false
  /// Whether the symbols of functions that stacks hit are written into the file at the end, so that
  /// it can be read on another machine.
  public var writesSymbols = true
  /// When the trace says that the session began; by it the session's buffers are known afterwards.
  var startTicks: UInt64 = 0

  public init(providers: [ProviderSpec], outputPath: String? = nil) {
    self.providers = providers
    self.outputPath = outputPath
  }

  public init(_ selection: SourceSelection, outputPath: String? = nil) {
    self.init(providers: selection.providers, outputPath: outputPath)
    cpuSampling = selection.cpuSampling
    contextSwitches = selection.contextSwitches
  }
}
