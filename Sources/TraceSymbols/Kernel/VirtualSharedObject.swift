internal import Glibc

/// The vDSO: the image without a file that the kernel maps into every process.
public enum VirtualSharedObject {
  /// The name of the vDSO's mapping.
  public static let path = "[vdso]"
  private static let byteCountMax = 256 << 10

  /// This process's image, which is the same for every process of this kernel and word size; nil if
  /// the kernel maps none.
  public static func image() -> ELFFile? {
    guard let address = address() else { return nil }
    // Read through the kernel, which stops at the end of the mapping instead of faulting.
    let memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC)
    guard memory >= 0 else { return nil }
    defer { close(memory) }
    var bytes: [UInt8] = []
    let page = sysconf(CInt(_SC_PAGESIZE))
    while bytes.count < byteCountMax {
      let next = [UInt8](unsafeUninitializedCapacity: page) { buffer, count in
        count = max(pread(memory, buffer.baseAddress, page, off_t(address) + off_t(bytes.count)), 0)
      }
      bytes += next
      if next.count < page { break }
    }
    return try? ELFFile(ByteSource(bytes), path: path)
  }

  /// The vDSO's address in this process, from the auxiliary vector: pairs of a tag and a value.
  static func address() -> UInt? {
    guard let file = fopen("/proc/self/auxv", "r") else { return nil }
    defer { fclose(file) }
    let tag: UInt = 33  // AT_SYSINFO_EHDR
    var pair: [UInt] = [0, 0]
    while fread(&pair, MemoryLayout<UInt>.size, 2, file) == 2 {
      if pair[0] == tag { return pair[1] == 0 ? nil : pair[1] }
    }
    return nil
  }
}
