// Merkle trees of SHA-256 as RFC 6962, section 2.1, defines them: roots and paths.
// Sizes go up to 2**53 - 1: no bit operators, which work on 32 bits.

import { isSame, sha256 } from "./proof-bytes.js";

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

export const hashEntry = (entry) => sha256(LEAF, entry);
export const hashPair = (left, right) => sha256(NODE, left, right);
export const emptyRoot = () => sha256();

/** Whether a path leads from a leaf at an index to the root over `size` leaves. */
export async function isIncluded(leaf, index, size, path, root) {
  if (!(index >= 0 && index < size)) return false;
  const found = await climb(leaf, index, size, path, path.length);
  return found !== null && isSame(found, root);
}

/** Whether a path shows that the new tree begins with the old one; from size 0 nothing does. */
export async function isConsistent(oldSize, oldRoot, newSize, newRoot, path) {
  if (!(oldSize > 0 && oldSize <= newSize)) return false;
  const found = await grow(oldSize, newSize, path, path.length, oldRoot);
  return found !== null && isSame(found[0], oldRoot) && isSame(found[1], newRoot);
}

/** The root over leaf hashes. */
export async function rootOf(leaves) {
  if (leaves.length === 0) return emptyRoot();
  if (leaves.length === 1) return leaves[0];
  const half = halfOf(leaves.length);
  return hashPair(await rootOf(leaves.slice(0, half)), await rootOf(leaves.slice(half)));
}

// PATH(index, D[size]) of section 2.1.1, read backwards; null where its length is wrong.
async function climb(leaf, index, size, path, count) {
  if (size === 1) return count === 0 ? leaf : null;
  if (count === 0) return null;
  const half = halfOf(size);
  const sibling = path[count - 1];
  const left = index < half;
  const below = left
    ? await climb(leaf, index, half, path, count - 1)
    : await climb(leaf, index - half, size - half, path, count - 1);
  if (below === null) return null;
  return left ? hashPair(below, sibling) : hashPair(sibling, below);
}

// SUBPROOF(old, D[size], known) of section 2.1.2, read backwards: the old and the new root.
// `known` is the old root while the subtree is the whole old tree.
async function grow(old, size, path, count, known) {
  if (old === size) {
    if (known !== null) return count === 0 ? [known, known] : null;
    return count === 1 ? [path[0], path[0]] : null;
  }
  if (count === 0) return null;
  const half = halfOf(size);
  const sibling = path[count - 1];
  if (old <= half) {
    const roots = await grow(old, half, path, count - 1, known);
    return roots && [roots[0], await hashPair(roots[1], sibling)];
  }
  const roots = await grow(old - half, size - half, path, count - 1, null);
  return roots && [await hashPair(sibling, roots[0]), await hashPair(sibling, roots[1])];
}

// The largest power of two smaller than a size of 2 or more.
function halfOf(size) {
  let half = 1;
  while (half * 2 < size) half *= 2;
  return half;
}
