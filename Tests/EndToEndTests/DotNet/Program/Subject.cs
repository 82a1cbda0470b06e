// A program for .NET that counts what it does. Arguments: parts to run, joined by '+', and optionally
// a file to wait for before they begin, and one to wait for at the end.
using System;
using System.Diagnostics;
using System.Diagnostics.Tracing;
using System.IO;
using System.Runtime.CompilerServices;
using System.Threading;

[EventSource(Name = "Demo-Shop")]
sealed class Shop : EventSource {
  public static readonly Shop Log = new Shop();

  public static class Keywords {
    public const EventKeywords Order = (EventKeywords)1;
    public const EventKeywords Stock = (EventKeywords)2;
  }

  [Event(1, Level = EventLevel.Informational, Keywords = Keywords.Order)]
  public void OrderPlaced(int id, string customer) { WriteEvent(1, id, customer); }

  [Event(2, Level = EventLevel.Verbose, Keywords = Keywords.Stock)]
  public void StockRead(long count) { WriteEvent(2, count); }
}

sealed class Node {
  public Node Left, Right;
  public byte[] Data = new byte[40];
}

static class Subject {
  static int exceptions;
  static object kept;

  [MethodImpl(MethodImplOptions.NoInlining)]
  static Node Tree(int depth) {
    var node = new Node();
    if (depth > 0) { node.Left = Tree(depth - 1); node.Right = Tree(depth - 1); }
    return node;
  }

  static void Collect() {
    for (int round = 0; round < 60; round++) {
      kept = Tree(14);
      if (round % 10 == 0) GC.Collect(round / 10 % 3);
    }
    kept = null;
    GC.Collect();
  }

  [MethodImpl(MethodImplOptions.NoInlining)]
  static void Fail(int number) { throw new InvalidOperationException("number " + number); }

  static void Throw() {
    for (int number = 0; number < 200; number++) {
      try { Fail(number); } catch (InvalidOperationException) { }
    }
  }

  [MethodImpl(MethodImplOptions.NoInlining)]
  static double HotSquareRoots(int count) {
    double sum = 0;
    for (int n = 1; n < count; n++) sum += Math.Sqrt(n) / n;
    return sum;
  }

  [MethodImpl(MethodImplOptions.NoInlining)]
  static long HotRemainders(int count) {
    long sum = 0;
    for (int n = 1; n < count; n++) sum += (long)count * 77777 % n;
    return sum;
  }

  // Called often enough to be compiled again.
  [MethodImpl(MethodImplOptions.NoInlining)]
  static int Small(int value) { return value * 31 + 7; }

  static void Compute(int milliseconds) {
    var watch = Stopwatch.StartNew();
    double sum = 0;
    while (watch.ElapsedMilliseconds < milliseconds) {
      sum += HotSquareRoots(200000) + HotRemainders(40000);
      for (int n = 0; n < 1000; n++) sum += Small(n);
    }
    kept = sum;
  }

  static void Order() {
    for (int id = 0; id < 100; id++) Shop.Log.OrderPlaced(id, "customer " + id);
    for (int id = 0; id < 50; id++) Shop.Log.StockRead(id);
  }

  // Emits more bytes than a session's buffer has, from a second thread once it is full, and then an
  // event every now and then until the file exists.
  static void Flood(string stop) {
    var text = new string('x', 4000);
    for (int id = 0; id < 60000; id++) Shop.Log.OrderPlaced(id, text);
    var second = new Thread(() => {
      for (int id = 0; id < 1000; id++) Shop.Log.OrderPlaced(id, "of the second thread");
    });
    second.Start();
    second.Join();
    Console.WriteLine("flooded");
    Console.Out.Flush();
    for (long count = 0; !File.Exists(stop); count++) {
      Shop.Log.StockRead(count);
      Thread.Sleep(20);
    }
  }

  // Small objects only, and no collection if the first generation's budget is large.
  static void Allocate(int count) {
    for (int index = 0; index < count; index++) kept = new byte[1000];
  }

  static void Say(string when) {
    Console.WriteLine(
      "{0} gen0={1} gen1={2} gen2={3} exceptions={4} allocated={5}", when, GC.CollectionCount(0),
      GC.CollectionCount(1), GC.CollectionCount(2), exceptions, GC.GetTotalAllocatedBytes(true));
    Console.Out.Flush();
  }

  static void Await(string[] arguments, int index) {
    if (arguments.Length > index) while (!File.Exists(arguments[index])) Thread.Sleep(20);
  }

  static void Main(string[] arguments) {
    AppDomain.CurrentDomain.FirstChanceException += (_, _2) => Interlocked.Increment(ref exceptions);
    if (arguments.Length > 1) Compute(200);
    Say("begin");
    Await(arguments, 1);
    if (arguments.Length > 1) Say("go");
    foreach (var part in arguments[0].Split('+')) {
      if (part == "gc") Collect();
      if (part == "throw") Throw();
      if (part == "compute") Compute(1500);
      if (part == "order") Order();
      if (part == "collect") GC.Collect();
      if (part == "flood") Flood(arguments[2]);
      if (part.StartsWith("allocate")) Allocate(int.Parse(part.Substring(8)));
      if (part == "long") for (int n = 0; n < 100; n++) { Collect(); Throw(); Compute(100); }
    }
    Say("end");
    Await(arguments, 2);
  }
}
