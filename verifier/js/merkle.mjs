// Merkle trees of SHA-256 as RFC 6962, section 2.1, defines them: roots and paths.
// Sizes go up to 2**53 - 1: no bit operators, which work on 32 bits.

import crypto from "node:crypto";

export const MAX_PATH = 64;
const LEAF = Buffer.from([0]);
const NODE = Buffer.from([1]);

export function sha256(...parts) {
  const data = parts.length === 1 ? parts[0] : Buffer.concat(parts);
  // crypto.hash came with 20.12; it is several times faster on short inputs.
  if (crypto.hash) return crypto.hash("sha256", data, "buffer");
  return crypto.createHash("sha256").update(data).digest();
}

export const EMPTY_ROOT = sha256(Buffer.alloc(0));
export const hashEntry = (entry) => sha256(LEAF, entry);
export const hashPair = (left, right) => sha256(NODE, left, right);

/** Whether a path leads from a leaf at an index to the root over `size` leaves. */
export function isIncluded(leaf, index, size, path, root) {
  if (!(index >= 0 && index < size) || !areHashes([leaf, root, ...path])) return false;
  const found = climb(leaf, index, size, path, path.length);
  return found !== null && found.equals(root);
}

/** Whether a path shows that the new tree begins with the old one; from size 0 nothing does. */
export function isConsistent(oldSize, oldRoot, newSize, newRoot, path) {
  if (!(oldSize > 0 && oldSize <= newSize) || !areHashes([oldRoot, newRoot, ...path])) return false;
  const found = grow(oldSize, newSize, path, path.length, oldRoot);
  return found !== null && found[0].equals(oldRoot) && found[1].equals(newRoot);
}

export function rootOf(leaves) {
  const edge = new Edge();
  for (const leaf of leaves) edge.push(leaf);
  return edge.root();
}

/** The right edge of a growing tree: the roots of its full subtrees, the largest first. */
export class Edge {
  size = 0;
  #peaks = [];

  /** Append a leaf hash, or the root over a full subtree of `count` leaves where it fits. */
  push(digest, count = 1) {
    this.size += count;
    for (let rest = this.size / count; rest % 2 === 0; rest /= 2) {
      digest = hashPair(this.#peaks.pop(), digest);
    }
    this.#peaks.push(digest);
  }

  root() {
    if (this.#peaks.length === 0) return EMPTY_ROOT;
    return this.#peaks.reduceRight((root, peak) => hashPair(peak, root));
  }
}

// PATH(index, D[size]) of section 2.1.1, read backwards; null where its length is wrong.
function climb(leaf, index, size, path, count) {
  if (size === 1) return count === 0 ? leaf : null;
  if (count === 0) return null;
  const half = halfOf(size);
  const sibling = path[count - 1];
  const left = index < half;
  const below = left
    ? climb(leaf, index, half, path, count - 1)
    : climb(leaf, index - half, size - half, path, count - 1);
  if (below === null) return null;
  return left ? hashPair(below, sibling) : hashPair(sibling, below);
}

// SUBPROOF(old, D[size], known) of section 2.1.2, read backwards: the old and the new root.
// `known` is the old root while the subtree is the whole old tree.
function grow(old, size, path, count, known) {
  if (old === size) {
    if (known !== null) return count === 0 ? [known, known] : null;
    return count === 1 ? [path[0], path[0]] : null;
  }
  if (count === 0) return null;
  const half = halfOf(size);
  const sibling = path[count - 1];
  if (old <= half) {
    const roots = grow(old, half, path, count - 1, known);
    return roots && [roots[0], hashPair(roots[1], sibling)];
  }
  const roots = grow(old - half, size - half, path, count - 1, null);
  return roots && [hashPair(sibling, roots[0]), hashPair(sibling, roots[1])];
}

// The largest power of two smaller than a size of 2 or more.
function halfOf(size) {
  let half = 1;
  while (half * 2 < size) half *= 2;
  return half;
}

const areHashes = (values) =>
  values.length <= MAX_PATH + 2 && values.every((value) => value.length === 32);
