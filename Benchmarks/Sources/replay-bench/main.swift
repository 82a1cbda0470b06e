import Glibc
import TraceFormat

// Replays the counter events of a trace through a typed handler, in one thread, and prints their
// number and the time in seconds, including opening the file.

guard CommandLine.arguments.count == 2 else {
  print("usage: replay-bench trace.etl")
  exit(EX_USAGE)
}

func seconds() -> Double {
  var now = timespec()
  clock_gettime(CLOCK_MONOTONIC, &now)
  return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
}

let start = seconds()
var events = 0
var sum: UInt64 = 0
let replay = Replay(try TraceFile(path: CommandLine.arguments[1]))
replay.on(StormCounter.self) { event, _ in
  events += 1
  sum &+= event.sequence &+ UInt64(event.worker)
}
try replay.run()
print(events, seconds() - start, sum)
