# Sourced by scripts that run real programs: installs perf and the runtimes, and builds tracectl for
# release. Sets `options` to the options of the scripts in Benchmarks/Runtimes.
# shellcheck shell=bash disable=SC2034
Scripts/install-dependencies
command -v perf >/dev/null || Scripts/install-dependencies linux-perf
# A runtime that cannot be installed is left out.
command -v node >/dev/null || Scripts/install-dependencies nodejs || true
command -v javac >/dev/null || Scripts/install-dependencies default-jdk-headless || true

swift build -c release --product tracectl
tracectl=$(swift build -c release --show-bin-path)/tracectl
options=(--tracectl "$tracectl")
if command -v javac >/dev/null; then options+=(--agent "$(Samples/JVMAgent/build.sh)"); fi
