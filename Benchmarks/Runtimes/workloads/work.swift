// CPU-bound work in several functions, for a number of seconds: work 5
import Glibc

@inline(never) func spectral(_ n: Int) -> Double {
  var sum = 0.0
  for i in 0..<n {
    for j in 0..<n {
      let diagonal = (i + j) * (i + j + 1) / 2
      sum += 1 / Double(diagonal + i + 1)
    }
  }
  return sum
}

@inline(never) func mandelbrot(_ size: Int) -> Int {
  var inside = 0
  for y in 0..<size {
    for x in 0..<size {
      let (cr, ci) = (2 * Double(x) / Double(size) - 1.5, 2 * Double(y) / Double(size) - 1)
      var (zr, zi, i) = (0.0, 0.0, 0)
      while i < 50, zr * zr + zi * zi < 4 {
        (zr, zi) = (zr * zr - zi * zi + cr, 2 * zr * zi + ci)
        i += 1
      }
      if i == 50 { inside += 1 }
    }
  }
  return inside
}

@inline(never) func sieve(_ n: Int) -> Int {
  var composite = [Bool](repeating: false, count: n + 1)
  var primes = 0
  for i in 2...n where !composite[i] {
    primes += 1
    for j in stride(from: i * 2, through: n, by: i) { composite[j] = true }
  }
  return primes
}

@inline(never) func collatz(_ n: Int) -> Int {
  var longest = 0
  for i in 1..<n {
    var (v, steps) = (i, 0)
    while v != 1 {
      v = v % 2 == 0 ? v / 2 : 3 * v + 1
      steps += 1
    }
    longest = max(longest, steps)
  }
  return longest
}

@inline(never) func words(_ n: Int) -> Int {
  var counts: [String: Int] = [:]
  for i in 0..<n { counts["word \(i % 100)", default: 0] += 1 }
  return counts.count
}

func now() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

let end = now() + (Double(CommandLine.arguments.dropFirst().first ?? "5") ?? 5)
var rounds = 0
var check = 0.0
while now() < end {
  let whole = mandelbrot(110) + sieve(120_000) + collatz(7000) + words(10_000)
  check = spectral(400) + Double(whole)
  rounds += 1
}
print("check \(check), \(rounds) rounds")
