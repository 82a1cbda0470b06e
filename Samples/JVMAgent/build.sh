#!/bin/sh
# Builds libtracejvm.so against the JDK in JAVA_HOME, or the one whose `java` is on the PATH.
# Further arguments go to `swift build`; prints the library's path last.
set -eu
cd "$(dirname "$0")"

if [ -z "${JAVA_HOME:-}" ]; then
  java=$(command -v javac || command -v java) || {
    echo "build.sh: no java on the PATH; install a JDK (apt-get install openjdk-17-jdk-headless)" \
      "or set JAVA_HOME" >&2
    exit 69
  }
  JAVA_HOME=$(dirname "$(dirname "$(readlink -f "$java")")")
fi
if [ ! -f "$JAVA_HOME/include/jvmti.h" ]; then
  echo "build.sh: $JAVA_HOME has no include/jvmti.h: that is a Java runtime without its headers;" \
    "install a JDK or set JAVA_HOME to one" >&2
  exit 69
fi

set -- -c release -Xcc "-I$JAVA_HOME/include" -Xcc "-I$JAVA_HOME/include/linux" "$@"
swift build --product tracejvm "$@" >&2
echo "$(swift build "$@" --show-bin-path)/libtracejvm.so"
