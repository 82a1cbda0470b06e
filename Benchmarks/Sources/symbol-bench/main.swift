import Glibc

// Creates traces of samples and methods, and measures how fast their addresses are symbolized.
// Prints a line of JSON: names and figures.

func usage() -> Never {
  print(
    """
    usage: symbol-bench make FILE [SAMPLES METHODS]   samples in 4 processes with churning code
           symbol-bench make-methods FILE [COUNT]     only methods
           symbol-bench resolve FILE                  look-ups a second
           symbol-bench prepare FILE                  memory for a trace's methods
           symbol-bench write FILE                    what a stack costs the writer
           symbol-bench hits FILE                     places that a recording's end must name
    """)
  exit(EX_USAGE)
}

func show(_ figures: [(String, Double)]) {
  print("{" + figures.map { "\"\($0.0)\": \($0.1)" }.joined(separator: ", ") + "}")
}

let arguments = CommandLine.arguments
guard arguments.count >= 3 else { usage() }
let path = arguments[2]
let counts = arguments.dropFirst(3).compactMap { Int($0) }
switch arguments[1] {
case "make":
  var size = Making.Size()
  if counts.count == 2 { size = Making.Size(samples: counts[0], methods: counts[1]) }
  try Making.write(path, size)
case "make-methods": try Making.writeMethods(path, counts.first ?? 1_000_000)
case "resolve": show(try Measuring.resolve(path))
case "prepare": show(try Measuring.prepare(path))
case "hits": show(try Measuring.hits(path))
case "write": show(try Measuring.write(path))
default: usage()
}
