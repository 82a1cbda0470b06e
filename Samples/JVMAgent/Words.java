import java.util.HashMap;
import java.util.Map;

/** Counts words; creates enough garbage and work for some collections and compilations. */
public class Words {
  public static void main(String[] arguments) {
    Map<String, Integer> counts = new HashMap<>();
    for (int i = 0; i < 5_000_000; i++) counts.merge("word " + i % 5000, 1, Integer::sum);
    try {
      Integer.parseInt("twelve");
    } catch (NumberFormatException e) {
      System.out.println(e.getMessage());
    }
    System.out.println(counts.size() + " words");
  }
}
