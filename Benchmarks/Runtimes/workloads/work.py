"""CPU-bound work in several functions, for a number of seconds: python3 work.py 5"""

import sys
import time


def collatz(n):
    longest = 0
    for start in range(1, n):
        steps, value = 0, start
        while value != 1:
            value = value // 2 if value % 2 == 0 else 3 * value + 1
            steps += 1
        longest = max(longest, steps)
    return longest


def words(n):
    counts = {}
    for i in range(n):
        word = "word %d" % (i % 100)
        counts[word] = counts.get(word, 0) + 1
    return sorted(counts)


def matrix(n):
    rows = [[float(i * j % 7) for j in range(n)] for i in range(n)]
    return sum(a * b for row in rows for a, b in zip(row, reversed(row)))


def main():
    end = time.monotonic() + float(sys.argv[1])
    rounds = 0
    while time.monotonic() < end:
        check = collatz(1000), len(words(20000)), matrix(120)
        rounds += 1
    print(f"check {check}, {rounds} rounds")


main()
