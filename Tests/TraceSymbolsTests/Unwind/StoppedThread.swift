import CDW
import Glibc

@testable import TraceSymbols

/// A thread of another process, stopped briefly by libdw: its registers, its stack, its process's
/// mappings, and its return addresses according to libdw.
struct StoppedThread {
  var registers = UnwindRegisters()
  var stackAddress: UInt64 = 0
  var stack: [UInt8] = []
  var maps: String = ""
  /// Its instruction pointer and return addresses according to elfutils.
  var frames: [UInt64] = []

  /// Stops the process's main thread.
  init?(processID: pid_t, stackByteCount: Int) {
    var callbacks = Dwfl_Callbacks(
      find_elf: dwfl_linux_proc_find_elf, find_debuginfo: dwfl_standard_find_debuginfo,
      section_address: nil, debuginfo_path: nil)
    guard let session = withUnsafePointer(to: &callbacks, { dwfl_begin($0) }) else { return nil }
    defer { dwfl_end(session) }
    guard dwfl_linux_proc_report(session, processID) == 0,
      dwfl_report_end(session, nil, nil) == 0,
      dwfl_linux_proc_attach(session, processID, false) == 0
    else { return nil }
    var capture = Capture(processID: processID, stackByteCount: stackByteCount)
    _ = withUnsafeMutablePointer(to: &capture) { capture in
      dwfl_getthread_frames(
        session, processID,
        { frame, capture in
          capture!.assumingMemoryBound(to: Capture.self).pointee.take(frame!)
          return CInt(DWARF_CB_OK)
        }, capture)
    }
    registers = capture.registers
    stackAddress = registers.stackPointer
    stack = capture.stack
    maps = capture.maps
    frames = capture.frames
    if frames.isEmpty { return nil }
  }

  private struct Capture {
    var processID: pid_t
    var stackByteCount: Int
    var registers = UnwindRegisters()
    var stack: [UInt8] = []
    var maps = ""
    var frames: [UInt64] = []

    mutating func take(_ frame: OpaquePointer) {
      var address: Dwarf_Addr = 0
      var isExact = false
      guard dwfl_frame_pc(frame, &address, &isExact) else { return }
      if frames.isEmpty { takeState(frame, address) }
      // As in the unwinder, for frames that are not return addresses: one byte before it is the
      // exact position.
      frames.append(address + (isExact && !frames.isEmpty ? 1 : 0))
    }

    /// Called while the thread is stopped.
    private mutating func takeState(_ frame: OpaquePointer, _ address: Dwarf_Addr) {
      for register in 0..<16 {
        var value: Dwarf_Word = 0
        if dwfl_frame_reg(frame, UInt32(register), &value) == 0 { registers[register] = value }
      }
      registers.programCounter = address
      maps = contents(of: "/proc/\(processID)/maps")
      let memory = open("/proc/\(processID)/mem", O_RDONLY)
      defer { close(memory) }
      stack = [UInt8](repeating: 0, count: stackByteCount)
      let count = stack.withUnsafeMutableBytes {
        pread(memory, $0.baseAddress, $0.count, off_t(registers.stackPointer))
      }
      stack.removeLast(stack.count - max(count, 0))
    }

    private func contents(of path: String) -> String {
      guard let file = fopen(path, "r") else { return "" }
      defer { fclose(file) }
      var text: [UInt8] = []
      var part = [UInt8](repeating: 0, count: 1 << 16)
      while true {
        let count = fread(&part, 1, part.count, file)
        if count == 0 { return String(decoding: text, as: UTF8.self) }
        text += part[..<count]
      }
    }
  }

  /// The result of the unwinder under test.
  func unwind(with unwinder: Unwinder, processID: UInt32) -> (frames: [UInt64], end: UnwindEnd) {
    let space = AddressSpace(maps: maps, images: unwinder.images, processID: processID)
    return stack.withUnsafeBytes { bytes in
      withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 256) { room in
        let result = unwinder.unwind(
          registers, StackCopy(address: stackAddress, bytes: bytes), in: space, into: room)
        return (Array(room[..<result.count]), result.end)
      }
    }
  }
}

extension AddressSpace {
  /// The executable mappings in the text of /proc/PID/maps.
  init(maps: String, images: UnwindImages, processID: UInt32) {
    self.init()
    for line in maps.split(separator: "\n") {
      let parts = line.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: true)
      let ends = parts[0].split(separator: "-").compactMap { UInt64($0, radix: 16) }
      guard parts[1].contains("x"), ends.count == 2, let offset = UInt64(parts[2], radix: 16),
        let inode = UInt64(parts[4])
      else { continue }
      let path = parts.count > 5 ? String(parts[5].drop { $0 == " " }) : ""
      let image =
        path.hasPrefix("/") || path == "[vdso]"
        ? images.id(of: UnwindImages.Identity(path: path, inode: inode), in: processID) : nil
      map(ends[0]..<ends[1], offset: offset, image: image)
    }
  }
}
