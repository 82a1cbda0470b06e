import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Instant;
import jdk.jfr.consumer.RecordedClass;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordedMethod;
import jdk.jfr.consumer.RecordingFile;

/** Prints a JFR recording's events for the comparison, as JSON lines with times in Unix ns. */
public final class Extract {
  private static final PrintStream out = new PrintStream(System.out, false);

  public static void main(String[] arguments) throws IOException {
    try (RecordingFile file = new RecordingFile(Path.of(arguments[0]))) {
      while (file.hasMoreEvents()) write(file.readEvent());
    }
    out.flush();
  }

  private static void write(RecordedEvent event) {
    switch (event.getEventType().getName()) {
      case "jdk.ActiveRecording" ->
          line(event, "recording",
              "\"began_ns\":" + nanoseconds(event.getInstant("recordingStart")));
      case "jdk.GCPhasePause" ->
          line(event, "pause",
              "\"gc\":" + event.getInt("gcId") + ",\"name\":" + quoted(event.getString("name")));
      case "jdk.GarbageCollection" ->
          line(event, "collection",
              "\"gc\":" + event.getInt("gcId") + ",\"name\":" + quoted(event.getString("name"))
                  + ",\"cause\":" + quoted(event.getString("cause")));
      case "jdk.GCHeapSummary" ->
          line(event, "heap",
              "\"gc\":" + event.getInt("gcId") + ",\"when\":" + quoted(event.getString("when"))
                  + ",\"used\":" + event.getLong("heapUsed"));
      case "jdk.ExecuteVMOperation" ->
          line(event, "operation", "\"name\":" + quoted(event.getString("operation")));
      case "jdk.ZAllocationStall" ->
          line(event, "stall",
              "\"tid\":" + event.getThread().getOSThreadId()
                  + ",\"thread\":" + quoted(event.getThread().getJavaName()));
      case "jdk.JavaMonitorEnter" -> line(event, "enter", monitor(event));
      case "jdk.JavaMonitorWait" ->
          line(event, "wait",
              monitor(event) + ",\"timed_out\":" + event.getBoolean("timedOut"));
      case "jdk.Compilation" -> {
        if (event.getBoolean("succeded")) line(event, "compilation", compilation(event));
      }
      case "jdk.JavaExceptionThrow", "jdk.JavaErrorThrow" ->
          line(event, "constructed",
              "\"type\":" + quoted(name(event.getClass("thrownClass")))
                  + ",\"error\":" + event.getEventType().getName().endsWith("ErrorThrow"));
      default -> { }
    }
  }

  private static String monitor(RecordedEvent event) {
    return "\"tid\":" + event.getThread().getOSThreadId()
        + ",\"thread\":" + quoted(event.getThread().getJavaName())
        + ",\"type\":" + quoted(name(event.getClass("monitorClass")));
  }

  private static String compilation(RecordedEvent event) {
    RecordedMethod method = event.getValue("method");
    return "\"namespace\":" + quoted(method.getType().getName())
        + ",\"name\":" + quoted(method.getName())
        + ",\"signature\":" + quoted(method.getDescriptor())
        + ",\"id\":" + event.getInt("compileId")
        + ",\"level\":" + event.getShort("compileLevel")
        + ",\"osr\":" + event.getBoolean("isOsr");
  }

  private static String name(RecordedClass type) {
    return type == null ? "" : type.getName();
  }

  private static void line(RecordedEvent event, String kind, String fields) {
    out.println(
        "{\"kind\":\"" + kind + "\",\"start_ns\":" + nanoseconds(event.getStartTime())
            + ",\"end_ns\":" + nanoseconds(event.getEndTime()) + "," + fields + "}");
  }

  private static long nanoseconds(Instant time) {
    return Math.addExact(Math.multiplyExact(time.getEpochSecond(), 1_000_000_000L), time.getNano());
  }

  private static String quoted(String text) {
    StringBuilder quoted = new StringBuilder("\"");
    for (char c : text.toCharArray()) {
      if (c == '"' || c == '\\') quoted.append('\\').append(c);
      else if (c < ' ' || c > '~') quoted.append(String.format("\\u%04x", (int) c));
      else quoted.append(c);
    }
    return quoted.append('"').toString();
  }
}
