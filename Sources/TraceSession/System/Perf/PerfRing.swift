import CTraceShims
import Glibc
import TraceKernel

/// A CPU's ring to which the kernel writes records, and the event that owns it.
///
/// The event counts nothing. It belongs to the reader, so the ring outlives the sampled threads.
final class PerfRing {
  let descriptor: Int32
  let cpu: Int32
  let byteCount: Int
  private let memory: UnsafeMutableRawPointer

  /// 512 KiB is what an ordinary user gets for each CPU (kernel.perf_event_mlock_kb).
  private static let bytesOfUsers = 512 << 10
  /// Two seconds of the deepest stacks at 999 Hz. On an overloaded machine the reader may wait so
  /// long for a CPU.
  static let bytesWanted = 2 << 20
  static let bytesMin = 8 << 12
  /// The size if samples contain parts of stacks: 0.2 s of samples of 16 KiB at 999 Hz.
  static let bytesWantedForStacks = 4 << 20
  /// Maximum total size of all rings. The reader's buffers take up to twice as much again.
  private static let bytesInAllMax = 256 << 20

  /// Creates a ring for each CPU. Sizes above an ordinary user's are the same for all CPUs: the
  /// size is halved until it is granted.
  ///
  /// - Parameter fields: the fields of the samples that events write into the rings.
  static func forEveryCPU(
    bytesWanted: Int, fields: PerfSampleFields = .framePointers
  ) throws(PerfRefusal) -> [PerfRing] {
    let cpus = PerfSettings.onlineCPUs
    var bytes = bytesWanted
    while bytes > Self.bytesOfUsers {
      if bytes * cpus.count <= bytesInAllMax {
        do throws(PerfRefusal) {
          return try make(cpus, bytes: bytes, atLeast: bytes, fields)
        } catch { if !error.isMemory { throw error } }
      }
      bytes /= 2
    }
    return try make(cpus, bytes: bytes, atLeast: bytesMin, fields)
  }

  private static func make(
    _ cpus: [Int32], bytes: Int, atLeast least: Int, _ fields: PerfSampleFields
  ) throws(PerfRefusal) -> [PerfRing] {
    var rings: [PerfRing] = []
    for cpu in cpus {
      do throws(PerfRefusal) {
        rings.append(try PerfRing(cpu: cpu, bytes: bytes, atLeast: least, fields))
      } catch {
        // The CPU was switched off after the list was read.
        if error.code != ENODEV { throw error }
      }
    }
    return rings
  }

  /// Creates a ring, a smaller one if a large one is not granted.
  init(
    cpu: Int32, bytes bytesWanted: Int, atLeast least: Int, _ fields: PerfSampleFields
  ) throws(PerfRefusal) {
    var options = trace_perf_options()
    options.type = PerfEventType.software
    options.config = PerfEventType.dummy
    // The records of losses end with the same fields as others.
    options.sample_type =
      fields.intersection(PerfSampleFields.framePointers.union(.identifier)).rawValue
    options.excludes_kernel = true
    options.starts_disabled = true
    options.reports_own_name = true
    var bytes = bytesWanted
    while true {
      // A ring's first event determines when the reader is woken.
      options.wakeup_bytes = UInt32(bytes / 4)
      let descriptor = trace_perf_open(&options, 0, cpu)
      guard descriptor >= 0 else { throw PerfRefusal(code: -descriptor) }
      if let memory = trace_perf_map(descriptor, bytes) {
        self.memory = memory
        self.descriptor = descriptor
        self.cpu = cpu
        byteCount = bytes
        return
      }
      let code = errno
      close(descriptor)
      guard [EPERM, ENOMEM].contains(code), bytes > least else {
        throw PerfRefusal(code: code, isMemory: true)
      }
      bytes /= 2
    }
  }

  deinit {
    trace_perf_unmap(memory, byteCount)
    close(descriptor)
  }

  /// Makes the kernel report the number of records dropped since its last report. The kernel
  /// reports it only before the next record, so this writes one, with the name of the calling
  /// thread.
  ///
  /// - Trap: must be called on the thread that created the ring, and the ring must have room. Does
  ///   nothing if that thread may not run on the ring's CPU.
  func tellLosses() { _ = trace_perf_report_name(descriptor, cpu) }

  /// Moves as many of the kernel's bytes into `buffer` as fit; returns their number. The last
  /// record may be incomplete: its rest comes first in the next call.
  func take(into buffer: UnsafeMutableRawBufferPointer) -> Int {
    let tail = trace_perf_tail(memory)
    let waiting = min(trace_perf_head(memory) &- tail, UInt64(byteCount))
    let count = min(Int(waiting), buffer.count)
    guard count > 0 else { return 0 }
    let start = Int(tail & UInt64(byteCount - 1))
    let first = min(count, byteCount - start)
    let data = trace_perf_data(memory)
    buffer.baseAddress!.copyMemory(from: data + start, byteCount: first)
    if first < count {
      (buffer.baseAddress! + first).copyMemory(from: data, byteCount: count - first)
    }
    trace_perf_set_tail(memory, tail &+ UInt64(count))
    return count
  }
}

/// PERF_TYPE_* and PERF_COUNT_*.
enum PerfEventType {
  static let hardware: UInt32 = 0
  static let software: UInt32 = 1
  static let tracepoint: UInt32 = 2
  static let cycles: UInt64 = 0
  static let cpuClock: UInt64 = 0
  static let contextSwitches: UInt64 = 3
  static let dummy: UInt64 = 9
}
