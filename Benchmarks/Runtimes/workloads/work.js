// CPU-bound work in several functions, for a number of seconds: node work.js 5
'use strict';

function fannkuch(n) {
  const p = Array.from({ length: n }, (_, i) => i), q = p.slice(), count = new Array(n).fill(0);
  let flips = 0, r = n;
  for (;;) {
    for (; r !== 1; r--) count[r - 1] = r;
    for (let i = 0; i < n; i++) q[i] = p[i];
    let here = 0, k;
    while ((k = q[0]) !== 0) {
      for (let i = 0, j = k; i < j; i++, j--) { const t = q[i]; q[i] = q[j]; q[j] = t; }
      here++;
    }
    if (here > flips) flips = here;
    for (;;) {
      if (r === n) return flips;
      const first = p[0];
      for (let i = 0; i < r; i++) p[i] = p[i + 1];
      p[r] = first;
      if (--count[r] > 0) break;
      r++;
    }
  }
}

function spectral(n) {
  const u = new Float64Array(n).fill(1);
  let sum = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) sum += u[j] / (((i + j) * (i + j + 1)) / 2 + i + 1);
  }
  return sum;
}

function mandelbrot(size) {
  let inside = 0;
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const cr = (2 * x) / size - 1.5, ci = (2 * y) / size - 1;
      let zr = 0, zi = 0, i = 0;
      while (i < 50 && zr * zr + zi * zi < 4) {
        const t = zr * zr - zi * zi + cr;
        zi = 2 * zr * zi + ci;
        zr = t;
        i++;
      }
      if (i === 50) inside++;
    }
  }
  return inside;
}

function sieve(n) {
  const composite = new Uint8Array(n + 1);
  let primes = 0;
  for (let i = 2; i <= n; i++) {
    if (composite[i]) continue;
    primes++;
    for (let j = i * 2; j <= n; j += i) composite[j] = 1;
  }
  return primes;
}

function collatz(n) {
  let longest = 0;
  for (let i = 1; i < n; i++) {
    let steps = 0;
    for (let v = i; v !== 1; steps++) v = v % 2 === 0 ? v / 2 : 3 * v + 1;
    if (steps > longest) longest = steps;
  }
  return longest;
}

const end = Date.now() + 1000 * Number(process.argv[2] || 5);
let rounds = 0, check = 0;
while (Date.now() < end) {
  check = fannkuch(8) + Math.round(spectral(400)) + mandelbrot(110) + sieve(120000) + collatz(7000);
  rounds++;
}
console.log(`check ${check}, ${rounds} rounds`);
