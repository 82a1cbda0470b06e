// Call trees as columns of numbers: a node has a frame, a caller, and amounts.

/** A tree of the server's answer, with its nodes in an order in which callers come first. */
export function treeOf(answer) {
  const count = answer.caller.length;
  const tree = empty(count, answer.frames);
  for (let i = 0; i < count; i++) {
    tree.parent[i + 1] = answer.caller[i] + 1;
    tree.frame[i + 1] = answer.frame[i];
    tree.own[i + 1] = Number(answer.exclusive[i]);
    tree.all[i + 1] = Number(answer.inclusive[i]);
  }
  tree.all[0] = Number(answer.total);
  return link(tree);
}

function empty(count, frames) {
  return { frames, count: count + 1, parent: new Int32Array(count + 1),
    frame: new Int32Array(count + 1).fill(-1), own: new Float64Array(count + 1),
    all: new Float64Array(count + 1) };
}

/** Links children, largest first, and computes depths. Node 0 is the root. */
export function link(tree) {
  const { count, parent, all } = tree;
  tree.first = new Int32Array(count).fill(-1);
  tree.next = new Int32Array(count).fill(-1);
  tree.depth = new Int32Array(count);
  tree.x = new Float64Array(count);
  parent[0] = -1;
  const order = [...Array(count).keys()].slice(1).sort((a, b) => all[a] - all[b] || b - a);
  for (const node of order) {
    tree.next[node] = tree.first[parent[node]];
    tree.first[parent[node]] = node;
  }
  tree.deepest = 0;
  for (let node = 0; node < count; node++) {
    if (node) tree.depth[node] = tree.depth[parent[node]] + 1;
    if (tree.depth[node] > tree.deepest) tree.deepest = tree.depth[node];
    let x = tree.x[node];
    for (let child = tree.first[node]; child >= 0; child = tree.next[child]) {
      tree.x[child] = x;
      x += all[child];
    }
  }
  return tree;
}

/** Builds a tree from paths with amounts; `add` takes frames from the root on. */
function builder(frames) {
  const parent = [-1], frame = [-1], own = [0], all = [0];
  const children = new Map();
  const child = (node, id) => {
    const key = node * 4194304 + id;
    let found = children.get(key);
    if (found === undefined) {
      found = parent.length;
      children.set(key, found);
      parent.push(node); frame.push(id); own.push(0); all.push(0);
    }
    return found;
  };
  return { child, own, all, parent, done: () => link({ frames, count: parent.length,
    parent: Int32Array.from(parent), frame: Int32Array.from(frame),
    own: Float64Array.from(own), all: Float64Array.from(all) }) };
}

/** The tree from the innermost functions to their callers. */
export function inverted(tree) {
  const made = builder(tree.frames);
  for (let node = 1; node < tree.count; node++) {
    const amount = tree.own[node];
    if (!amount) continue;
    made.all[0] += amount;
    let target = 0;
    for (let at = node, depth = 0; at > 0 && depth < 200; at = tree.parent[at], depth++) {
      target = made.child(target, tree.frame[at]);
      made.all[target] += amount;
      if (depth === 0) made.own[target] += amount;
    }
  }
  return made.done();
}

/** The tree without the frames for which `isFolded` is true: their cost is their callers'. */
export function folded(tree, isFolded) {
  const made = builder(tree.frames);
  const place = new Int32Array(tree.count);
  for (let node = 1; node < tree.count; node++) {
    const caller = place[tree.parent[node]];
    place[node] = isFolded(tree.frame[node]) ? caller : made.child(caller, tree.frame[node]);
    made.own[place[node]] += tree.own[node];
  }
  return sumUp(made);
}

/** Adds up the amounts of callees, whose nodes come after those of their callers. */
function sumUp(made) {
  for (let node = made.parent.length - 1; node >= 0; node--) {
    made.all[node] += made.own[node];
    if (node) made.all[made.parent[node]] += made.all[node];
  }
  return made.done();
}

/** The tree below all occurrences of a frame, which is its outermost. */
export function calleesOf(tree, frame) {
  const made = builder(tree.frames);
  const place = new Int32Array(tree.count);
  for (let node = 1; node < tree.count; node++) {
    const above = place[tree.parent[node]];
    if (!above && tree.frame[node] !== frame) continue;
    place[node] = made.child(above, tree.frame[node]);
    made.own[place[node]] += tree.own[node];
  }
  return sumUp(made);
}

/** The tree from a frame to its callers; a call from within itself is not counted again. */
export function callersOf(tree, frame) {
  const made = builder(tree.frames);
  const inside = new Uint8Array(tree.count);
  for (let node = 1; node < tree.count; node++) {
    inside[node] = inside[tree.parent[node]] || tree.frame[node] === frame ? 1 : 0;
    if (tree.frame[node] !== frame || inside[tree.parent[node]]) continue;
    let target = 0;
    made.all[0] += tree.all[node];
    for (let at = node, depth = 0; at > 0 && depth < 200; at = tree.parent[at], depth++) {
      target = made.child(target, tree.frame[at]);
      made.all[target] += tree.all[node];
    }
    made.own[target] += tree.all[node];
  }
  return made.done();
}

/** The callers, or the callees, of all occurrences of a frame: rows of frame and amount. */
export function neighbors(tree, frame) {
  const callers = new Map();
  const callees = new Map();
  let total = 0;
  const inside = new Uint8Array(tree.count);
  for (let node = 1; node < tree.count; node++) {
    const above = tree.parent[node];
    inside[node] = inside[above] || tree.frame[node] === frame ? 1 : 0;
    if (tree.frame[node] === frame) {
      // A call from within itself is not counted again.
      if (!inside[above]) {
        total += tree.all[node];
        const caller = tree.frame[above];
        callers.set(caller, (callers.get(caller) ?? 0) + tree.all[node]);
      }
      for (let c = tree.first[node]; c >= 0; c = tree.next[c]) {
        callees.set(tree.frame[c], (callees.get(tree.frame[c]) ?? 0) + tree.all[c]);
      }
    }
  }
  const rows = (map) => [...map].map(([id, amount]) => ({ frame: id, amount }))
    .sort((a, b) => b.amount - a.amount);
  return { total, callers: rows(callers), callees: rows(callees) };
}

/** Amount of the nodes whose frames match, without those below another match. */
export function matchedAmount(tree, matches) {
  const inside = new Uint8Array(tree.count);
  let sum = 0;
  for (let node = 1; node < tree.count; node++) {
    if (inside[tree.parent[node]]) { inside[node] = 1; continue; }
    if (matches[tree.frame[node]]) { inside[node] = 1; sum += tree.all[node]; }
  }
  return sum;
}
