# Sourced by scripts that run a list of checks: runs each check, prints its time and counts the results.
# The tests in Swift's test summaries are added up; every other check counts as one.

passed=0
failed=0
skipped=0
failed_steps=()
# The messages of failed checks, repeated at the end because the start of a long log may be lost.
failures_told=$(mktemp)
steps_log=$(mktemp)
trap 'rm -f "$steps_log" "$failures_told"' EXIT

# step NAME COMMAND… : runs a check; a failure is recorded, and the next check still runs.
step() {
  local name=$1 start=$SECONDS status=0
  shift
  printf '\n==> %s\n' "$name"
  "$@" 2>&1 | tee "$steps_log" || status=${PIPESTATUS[0]}
  if grep -q 'Test run with 0 tests' "$steps_log"; then
    echo "no tests ran; check the filter"
    status=1
  fi
  check_skips || status=1
  count_results "$status"
  if ((status)); then
    failed_steps+=("$name")
    tell_failure "$name"
    printf '==> %s: FAILED (exit code %d), %d s\n' "$name" "$status" $((SECONDS - start))
  else
    printf '==> %s: ok, %d s\n' "$name" $((SECONDS - start))
  fi
  return 0
}

tell_failure() {
  printf '\n== %s\n' "$1"
  # A message that a test records may have several lines.
  grep -E --no-group-separator -A 2 '^✘|error:|^\s*↳|Fatal error|ERROR:' "$steps_log" | head -n 90 || tail -n 40 "$steps_log"
} >>"$failures_told"

# must NAME COMMAND… : a step that later steps require; a failure ends the run.
must() {
  local failed_before=${#failed_steps[@]}
  step "$@"
  if ((${#failed_steps[@]} > failed_before)); then finish_steps; fi
}

# Counts the tests that the step skipped; false if one was skipped for a reason that is not allowed.
check_skips() {
  local reasons unknown
  reasons=$(sed -nE 's/^➜ .* skipped(: "(.*)")?\.?$/\2/p' "$steps_log" | sed 's/^$/no reason given/')
  [[ -n $reasons ]] || return 0
  skipped=$((skipped + $(wc -l <<<"$reasons")))
  unknown=$(grep -vxFf <(grep -v '^#' Scripts/allowed-skips) <<<"$reasons" | sort | uniq -c || true)
  [[ -z $unknown ]] && return 0
  printf 'error: tests were skipped for reasons that Scripts/allowed-skips does not list:\n%s\n' \
    "$unknown" | tee -a "$steps_log"
  return 1
}

# Adds the tests of the step that just ran; a step without tests is one check.
count_results() {
  local status=$1 ran failures
  ran=$(sed -nE 's/.*Test run with ([0-9]+) tests?( in [0-9]+ suites?)? (passed|failed).*/\1/p' \
    "$steps_log" | awk '{ sum += $1 } END { print sum + 0 }')
  failures=$(grep -E '^✘ Test .* failed after' "$steps_log" | grep -cv 'Test run with' || true)
  # A run that crashes prints no summary; it counts as at least one failure.
  if ((status)) && ((failures == 0)); then failures=1; fi
  if ((ran == 0)) && ((status == 0)); then ran=1; fi
  failed=$((failed + failures))
  passed=$((passed + (ran > failures ? ran - failures : 0)))
}

# Prints the totals and exits; to be called last.
finish_steps() {
  printf '\ntotal time %d s\n' "$SECONDS"
  if ((${#failed_steps[@]})); then
    cat "$failures_told"
    printf 'failed: %s\n' "${failed_steps[@]}"
  fi
  printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
  exit $((${#failed_steps[@]} > 0))
}
