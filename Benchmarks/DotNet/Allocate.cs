// Allocates trees for a number of rounds and prints how long that took. Arguments: rounds, a file to
// wait for before it begins, and one to wait for at the end.
using System;
using System.Diagnostics;
using System.IO;
using System.Threading;

sealed class Node {
  public Node Left, Right;
  public byte[] Data = new byte[40];
}

static class Allocate {
  static object kept;

  static Node Tree(int depth) {
    var node = new Node();
    if (depth > 0) { node.Left = Tree(depth - 1); node.Right = Tree(depth - 1); }
    return node;
  }

  static void Await(string path) { while (!File.Exists(path)) Thread.Sleep(5); }

  static void Main(string[] arguments) {
    int rounds = int.Parse(arguments[0]);
    for (int round = 0; round < 20; round++) kept = Tree(14);
    Console.WriteLine("ready");
    Console.Out.Flush();
    Await(arguments[1]);
    long before = GC.GetTotalAllocatedBytes(true);
    var used = Process.GetCurrentProcess().TotalProcessorTime;
    var watch = Stopwatch.StartNew();
    for (int round = 0; round < rounds; round++) kept = Tree(14);
    long wall = watch.ElapsedTicks * 1000000 / Stopwatch.Frequency;
    var now = Process.GetCurrentProcess().TotalProcessorTime;
    Console.WriteLine(
      "done wall_us={0} cpu_us={1} allocated={2} collections={3}", wall,
      (long)((now - used).TotalMilliseconds * 1000), GC.GetTotalAllocatedBytes(true) - before,
      GC.CollectionCount(0));
    Console.Out.Flush();
    Await(arguments[2]);
  }
}
