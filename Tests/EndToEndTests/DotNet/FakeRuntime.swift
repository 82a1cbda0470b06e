import Foundation
import TestSupport
import Testing

/// A program that speaks the diagnostics protocol of .NET runtimes, well or badly.
enum FakeRuntime {
  /// Starts one that listens in the directory of `scratch`; returns when it does.
  ///
  /// - Parameter mode: what it does; see the program.
  static func listening(
    _ mode: String, in scratch: Scratch, _ arguments: String...
  ) throws -> ChildProcess {
    let script = try write(in: scratch)
    var environment = scratch.environment
    environment["TMPDIR"] = scratch.path("run")
    let child = try ChildProcess(
      "python3", [script, mode] + arguments, environment: environment, isMerged: true)
    try waitUntil("the fake runtime listens; its output: \(child.output)") {
      child.output.contains("listening")
    }
    return child
  }

  /// Writes the program; returns its path.
  static func write(in scratch: Scratch) throws -> String {
    let path = scratch.path("runtime.py")
    try program.write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  private static let program = #"""
    import os, socket, struct, sys, threading, time, zipfile

    mode, arguments = sys.argv[1], sys.argv[2:]
    MAGIC = b"DOTNET_IPC_V1\0"

    def say(text):
        print(text, flush=True)

    def message(kind, command, payload=b""):
        return MAGIC + struct.pack("<HBBH", 20 + len(payload), kind, command, 0) + payload

    def exactly(connection, count):
        data = b""
        while len(data) < count:
            more = connection.recv(count - len(data))
            if not more: raise EOFError
            data += more
        return data

    def recording():
        archive = zipfile.ZipFile(arguments[0])
        return archive.read(archive.namelist()[0])

    def endless(connection, data):
        while True: connection.sendall(data)

    def collect(connection):
        if mode == "silent": return time.sleep(1000)
        if mode == "garbage": return endless(connection, b"\x07garbage" * 1000)
        if mode == "refuse":
            return connection.sendall(message(255, 255, struct.pack("<I", 0x80131384)))
        connection.sendall(message(255, 0, struct.pack("<Q", 77)))
        if mode == "quiet": return time.sleep(1000)
        if mode == "nonsense": return endless(connection, b"\x01nonsense" * 1000)
        data = recording()
        if mode == "huge":
            start = data
            place = start.find(b"EventBlock") + 10
            connection.sendall(start[:place] + b"\xff\xff\xff\x7f")
            return endless(connection, bytes(1 << 16))
        if mode == "cut": return connection.sendall(data[:len(data) * 3 // 4])
        connection.sendall(data)
        if mode == "unending": time.sleep(1000)

    def serve(connection):
        try:
            while True:
                header = exactly(connection, 20)
                size, kind, command = struct.unpack("<HBB", header[14:18])
                payload = exactly(connection, size - 20)
                say("command %d %d" % (kind, command))
                if kind == 2 and command == 4:
                    # An old runtime.
                    connection.sendall(message(255, 255, struct.pack("<I", 0x80131385)))
                elif kind == 2 and command in (2, 3): collect(connection)
                else: connection.sendall(message(255, 0, struct.pack("<Q", 77)))
                return connection.close()
        except (EOFError, OSError) as error:
            say("closed")

    def start(target, *arguments):
        threading.Thread(target=target, args=arguments, daemon=True).start()

    def port():
        address = os.environ["DOTNET_DiagnosticPorts"].split(";")[-1].split(",")[0]
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(address)
        return connection

    def reverse():
        # As a runtime does: a connection for each command, until it is told to go on.
        for turn in range(8):
            connection = port()
            connection.sendall(b"ADVR_V1\0" + bytes(16) + struct.pack("<QH", os.getpid(), 0))
            header = exactly(connection, 20)
            size, kind, command = struct.unpack("<HBB", header[14:18])
            exactly(connection, size - 20)
            say("command %d %d" % (kind, command))
            if (kind, command) == (4, 1): return say("resumed")
            connection.sendall(message(255, 255, struct.pack("<I", 0x80131384)))

    if mode == "stranger":
        connections = [port() for _ in range(300)]
        connections[0].sendall(b"garbage " * 100)
        say("connected")
        time.sleep(1.5)
    elif mode == "reverse":
        reverse()
    else:
        pid = arguments.pop() if mode == "impostor" else os.getpid()
        name = os.environ["TMPDIR"] + "/dotnet-diagnostic-%s-1-socket" % pid
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(name)
        listener.listen(16)
        say("listening")
        while True: start(serve, listener.accept()[0])
    """#
}
