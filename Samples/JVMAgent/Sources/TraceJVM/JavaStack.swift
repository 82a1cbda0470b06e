import CJVM
import Glibc
import Synchronization
import TraceEvents
import TraceProvider

/// Stacks from the virtual machine, including interpreted and inlined frames. The addresses are in
/// a reserved region, and each method's range is announced by a MethodLoad before it appears in a
/// stack.
///
/// Native frames are left out. A thread that runs no Java code has no stack.
enum JavaStack {
  /// Null until ``prepare(_:_:)``.
  private static let machine = Atomic<UInt>(0)
  private static let tool = Atomic<UInt>(0)
  private static let places = Mutex<MethodPlaces?>(nil)

  /// Called before any notification is enabled.
  static func prepare(_ machine: UnsafeMutablePointer<JavaVM?>, _ tool: ToolInterface) {
    let bytes = Int(MethodPlaces.regionBytes)
    let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
    guard let region = mmap(nil, bytes, PROT_NONE, flags, -1, 0), region != MAP_FAILED else {
      return
    }
    places.withLock {
      $0 = MethodPlaces(base: UInt64(UInt(bitPattern: region)), bytes: UInt64(bytes))
    }
    Self.tool.store(UInt(bitPattern: tool.environment), ordering: .relaxed)
    Self.machine.store(UInt(bitPattern: machine), ordering: .releasing)
  }

  /// Appends the calling thread's frames, innermost first.
  static func append(to stack: inout OutputSpan<UInt64>) { append(nil, to: &stack) }

  /// Appends the frames of a thread, nil for the calling one, innermost first.
  static func append(_ thread: jthread?, to stack: inout OutputSpan<UInt64>) {
    guard
      let machine = UnsafeMutablePointer<JavaVM?>(
        bitPattern: machine.load(ordering: .acquiring)),
      let raw = UnsafeMutablePointer<jvmtiEnv?>(bitPattern: tool.load(ordering: .relaxed)),
      let environment = machine.environment()
    else { return }
    let asker = Asker(tool: ToolInterface(raw), environment: environment)
    let room = stack.freeCapacity - 1
    withUnsafeTemporaryAllocation(of: jvmtiFrameInfo.self, capacity: max(room, 0)) { frames in
      let count = asker.tool.stackTrace(of: thread, into: frames)
      for index in 0..<count {
        guard let method = frames[index].method else { continue }
        // Readers subtract one byte from a return address to find the call.
        let offset = max(Int64(frames[index].location), 0) + (stack.isEmpty ? 0 : 1)
        let place = asker.place(of: method)
        let inside = min(offset, Int64(place.size) - 1)
        stack.append(place.base + UInt64(place == asker.overflow ? 1 : inside))
      }
      if count == room { stack.append(Self.callersLost) }
    }
  }

  /// The mark for missing callers at the end of a stack, as defined by the trace format.
  private static let callersLost = UInt64.max

  /// Announces all methods that stacks may contain to a session that starts later.
  static func emitAll(
    to capture: borrowing CaptureState, by tool: ToolInterface,
    _ environment: UnsafeMutablePointer<JNIEnv?>
  ) {
    let asker = Asker(tool: tool, environment: environment)
    guard let (known, overflow) = places.withLock({ $0.map { ($0.places, $0.overflow) } }) else {
      return
    }
    if !known.isEmpty { capture.emit(overflowLoad(overflow)) }
    for (id, place) in known {
      guard let method = jmethodID(bitPattern: UInt(id)), asker.isAlive(place) else { continue }
      let load = asker.load(method, place)
      let lines = capture.isEnabled(MethodILToNativeMap.self) ? asker.lines(method, place) : nil
      // Emitted with the lock held, so that it does not follow the method's MethodUnload.
      places.withLock { places in
        guard places?[id] == place else { return }
        Announcement(load: load, lines: lines).emit(to: capture)
      }
    }
  }

  private static func overflowLoad(_ place: MethodPlaces.Place) -> MethodLoad {
    MethodLoad(
      methodID: 0, startAddress: place.base, size: place.size, flags: MethodFlags(rawValue: 0),
      namespace: "", name: "[method beyond the agent's limit]", signature: "")
  }

  private struct Announcement {
    var load: MethodLoad
    var lines: MethodILToNativeMap?

    func emit(to capture: borrowing CaptureState) {
      capture.emit(load)
      if let lines { capture.emit(lines) }
    }

    func emit() {
      Runtime.provider.emit(load, stack: { _ in })
      if let lines { Runtime.provider.emit(lines, stack: { _ in }) }
    }
  }

  /// Queries the machine about methods, on an attached thread.
  private struct Asker {
    let tool: ToolInterface
    let environment: UnsafeMutablePointer<JNIEnv?>
    private var functions: UnsafePointer<JNINativeInterface_> { environment.pointee! }

    init(tool: ToolInterface, environment: UnsafeMutablePointer<JNIEnv?>) {
      (self.tool, self.environment) = (tool, environment)
    }

    var overflow: MethodPlaces.Place {
      JavaStack.places.withLock { $0?.overflow } ?? MethodPlaces.Place(base: 0, size: 1, owner: 0)
    }

    func isAlive(_ place: MethodPlaces.Place) -> Bool {
      functions.pointee.IsSameObject(environment, jobject(bitPattern: place.owner), nil) == 0
    }

    /// The method's range; a new one is announced.
    func place(of method: jmethodID) -> MethodPlaces.Place {
      let id = MethodNames.id(of: method)
      let known = JavaStack.places.withLock { places -> MethodPlaces.Place? in
        guard let place = places?[id] else { return nil }
        if isAlive(place) { return place }
        forget(id, &places)
        return nil
      }
      return known ?? add(method, id)
    }

    private func add(_ method: jmethodID, _ id: UInt64) -> MethodPlaces.Place {
      guard let owner = weakClass(of: method) else { return overflow }
      let byteCodes = tool.byteCodeCount(of: method)
      var load = load(method, MethodPlaces.Place(base: 0, size: 0, owner: owner))
      var lines =
        Runtime.provider.isEnabled(MethodILToNativeMap.self)
        ? lines(method, MethodPlaces.Place(base: 0, size: 0, owner: owner)) : nil
      return JavaStack.places.withLock { places in
        if let other = places?[id], isAlive(other) {
          release(owner)
          return other
        }
        forget(id, &places)
        var found = places?.insert(id, byteCodes: byteCodes, owner: owner)
        if found == nil {
          forgetDead(&places)
          found = places?.insert(id, byteCodes: byteCodes, owner: owner)
        }
        guard let place = found else {
          release(owner)
          let overflow = places?.overflow ?? MethodPlaces.Place(base: 0, size: 1, owner: 0)
          Announcement(load: JavaStack.overflowLoad(overflow)).emit()
          return overflow
        }
        (load.startAddress, load.size) = (place.base, place.size)
        lines?.startAddress = place.base
        // Emitted with the lock held, so that no stack contains the range before it is announced.
        Announcement(load: load, lines: lines).emit()
        return place
      }
    }

    func load(_ method: jmethodID, _ place: MethodPlaces.Place) -> MethodLoad {
      let names = MethodNames(of: method, by: tool)
      return MethodLoad(
        methodID: MethodNames.id(of: method), startAddress: place.base, size: place.size,
        flags: MethodFlags(rawValue: 0), namespace: names.namespace, name: names.name,
        signature: names.signature)
    }

    /// The source lines by byte code index, which is the offset in the method's range.
    func lines(_ method: jmethodID, _ place: MethodPlaces.Place) -> MethodILToNativeMap? {
      let table = tool.lines(of: method).prefix(LineTable.entryLimit)
      guard !table.isEmpty else { return nil }
      let offsets = table.map { UInt32(truncatingIfNeeded: $0.start) }
      return MethodILToNativeMap(
        methodID: MethodNames.id(of: method), reJITID: 0, startAddress: place.base,
        ilOffsets: offsets, nativeOffsets: offsets, lines: table.map(\.line),
        sourceFile: tool.declaringClass(of: method).map(tool.sourceFile(of:)) ?? "")
    }

    private func weakClass(of method: jmethodID) -> UInt? {
      guard let type = tool.declaringClass(of: method) else { return nil }
      defer { functions.pointee.DeleteLocalRef(environment, type) }
      return functions.pointee.NewWeakGlobalRef(environment, type).map { UInt(bitPattern: $0) }
    }

    private func release(_ owner: UInt) {
      functions.pointee.DeleteWeakGlobalRef(environment, jobject(bitPattern: owner))
    }

    /// Removes a method whose class is unloaded: its handle and its range may be reused from now
    /// on.
    private func forget(_ id: UInt64, _ places: inout MethodPlaces?) {
      guard let place = places?.remove(id) else { return }
      release(place.owner)
      Runtime.provider.emit(
        MethodUnload(
          methodID: id, startAddress: place.base, size: place.size,
          flags: MethodFlags(rawValue: 0), namespace: "", name: "", signature: ""),
        stack: { _ in })
    }

    private func forgetDead(_ places: inout MethodPlaces?) {
      for (id, place) in places?.places ?? [:] where !isAlive(place) { forget(id, &places) }
    }
  }
}
