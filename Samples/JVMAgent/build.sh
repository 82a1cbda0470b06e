#!/usr/bin/env bash
# Builds libtracejvm.so against the JDK in JAVA_HOME, or else the one whose javac is on the PATH, and
# prints the library's path. With the argument "test", runs its unit tests instead.
set -euo pipefail
cd "$(dirname "$0")"

if [[ -z ${JAVA_HOME:-} ]]; then
  if ! java=$(command -v javac || command -v java); then
    echo "build.sh: there is no java on the PATH; install a JDK (apt-get install" \
      "default-jdk-headless) or set JAVA_HOME" >&2
    exit 69
  fi
  JAVA_HOME=$(dirname "$(dirname "$(readlink -f "$java")")")
fi
if [[ ! -f $JAVA_HOME/include/jvmti.h ]]; then
  echo "build.sh: $JAVA_HOME has no include/jvmti.h, so it is not a full JDK; install a JDK or" \
    "set JAVA_HOME to one" >&2
  exit 69
fi

headers=(-Xcc "-I$JAVA_HOME/include" -Xcc "-I$JAVA_HOME/include/linux")
if [[ ${1:-} == test ]]; then
  exec swift test "${headers[@]}"
fi
# The library includes the Swift runtime, so that it can be copied to machines without Swift, and loads
# faster.
swift build -c release --product tracejvm -Xswiftc -static-stdlib \
  -Xlinker "--version-script=$PWD/exports.map" -Xlinker --gc-sections -Xlinker -s "${headers[@]}" >&2
echo "$(swift build -c release --show-bin-path)/libtracejvm.so"
