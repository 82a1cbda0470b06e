#!/usr/bin/env python3
"""Generates Java sources for javac, always the same: sources.py DIRECTORY [COUNT]."""

import pathlib
import sys

TEMPLATE = """\
package generated;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

public class Type{n}<K extends Comparable<K>, V> implements Comparable<Type{n}<K, V>> {{
  private final Map<K, List<V>> content = new HashMap<>();
  private int size = {n};

  enum Kind {{ FIRST, SECOND, THIRD }}

  record Pair<A, B>(A first, B second) {{}}

{methods}
  @Override
  public int compareTo(Type{n}<K, V> other) {{
    return Integer.compare(size, other.size);
  }}
}}
"""

METHOD = """\
  public List<Pair<K, V>> method{m}(K key, V value, Function<V, Integer> weight) {{
    content.computeIfAbsent(key, unused -> new ArrayList<>()).add(value);
    List<Pair<K, V>> pairs = new ArrayList<>();
    for (Map.Entry<K, List<V>> entry : content.entrySet()) {{
      for (V each : entry.getValue()) {{
        if (weight.apply(each) > {m}) pairs.add(new Pair<>(entry.getKey(), each));
      }}
    }}
    Kind kind = Kind.values()[(size + {m}) % 3];
    String text = switch (kind) {{
      case FIRST -> "first" + size;
      case SECOND -> pairs.stream().map(String::valueOf).collect(Collectors.joining(","));
      case THIRD -> Type{other}.class.getName();
    }};
    size += text.length();
    return pairs;
  }}

"""


def main():
    directory = pathlib.Path(sys.argv[1]) / "generated"
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 300
    directory.mkdir(parents=True, exist_ok=True)
    for n in range(count):
        methods = "".join(METHOD.format(m=m, other=(n * 7 + m) % count) for m in range(6))
        (directory / f"Type{n}.java").write_text(TEMPLATE.format(n=n, methods=methods))


if __name__ == "__main__":
    main()
