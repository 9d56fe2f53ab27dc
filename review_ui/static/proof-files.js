// Proof files: inclusion, completeness, absence, consistency. Nothing in them is believed but what
// their signatures and hashes show. The same checks as verifier/js, on what a browser brings along.

import { compare, concat, encodeNumber, encodeText, isSame, sha256 } from "./proof-bytes.js";
import { hashEntry, isConsistent, isIncluded, rootOf } from "./proof-merkle.js";
import {
  CheckError,
  UncheckedError,
  decodeFile,
  encode,
  isObject,
  take,
  takeBytes,
  takeNumber,
  takePath,
  takeText,
} from "./proof-reading.js";
import { Key, openBatch, openCheckpoint } from "./proof-signed.js";

const RECEIPT = "kiyome.receipt/1";
const KINDS = new Map([
  ["kiyome.inclusion/1", ["inclusion", ["checkpoint", "index", "leaf", "path"], checkInclusion]],
  [
    "kiyome.completeness/1",
    ["completeness", ["batch", "checkpoint", "owner", "records"], checkCompleteness],
  ],
  ["kiyome.absence/1", ["absence", ["batch", "checkpoint", "left", "right", "tag"], checkAbsence]],
  ["kiyome.consistency/1", ["consistency", ["new", "old", "path"], checkConsistency]],
]);

/**
 * Check a file. Never rejects: what is wrong is a failed check.
 *
 * `vkey` is the log's key from a source that is trusted. The report has `kind`, `outcome` ("holds",
 * "fails" or "unchecked"), `checks` with name, status, why and values, the signed `head`, and the
 * `records` that the file shows and proves.
 */
export async function examine(data, vkey) {
  const report = { kind: "unknown", checks: [], head: null, batch: null, records: [], outcome: "" };
  try {
    if (!globalThis.crypto?.subtle) throw new UncheckedError("key", "key.insecure");
    const value = decodeFile(data);
    if (!KINDS.has(value.format)) throw new CheckError("file", "file.format");
    const [kind, fields, check] = KINDS.get(value.format);
    report.kind = kind;
    take(
      value,
      [...fields, "format", "vkey"],
      kind === "inclusion" ? ["opening", "receipt"] : ["receipt"],
    );
    pass(report, "file");
    const key = await Key.parse(takeText(vkey));
    if (takeText(value.vkey) !== key.vkey) throw new CheckError("key", "key.other");
    pass(report, "key", { name: key.name });
    report.head = await openCheckpoint(
      takeText(kind === "consistency" ? value.new : value.checkpoint),
      key,
    );
    pass(report, "checkpoint", { size: report.head.size });
    await check(report, value, key);
    if (Object.hasOwn(value, "receipt")) checkReceipt(report, value.receipt);
  } catch (error) {
    blame(report, error);
  }
  return conclude(report);
}

/** Write down what went wrong; anything else than a CheckError is a bug, and proves nothing. */
export function blame(report, error) {
  if (error instanceof CheckError) {
    const status = error instanceof UncheckedError ? "unchecked" : "failed";
    report.checks.push({ name: error.check, status, why: error.why, values: error.values });
  } else {
    report.checks.push({ name: "file", status: "unchecked", why: "broken", values: {} });
  }
}

export function pass(report, name, values = {}) {
  report.checks.push({ name, status: "ok", why: name, values });
}

/** What the checks come to. Records of a file that fails are not shown. */
export function conclude(report) {
  const found = new Set(report.checks.map((check) => check.status));
  if (found.has("failed")) report.outcome = "fails";
  else report.outcome = found.has("unchecked") || !found.has("ok") ? "unchecked" : "holds";
  if (report.outcome === "fails") report.records = [];
  return report;
}

async function checkInclusion(report, value) {
  const { head } = report;
  const leaf = await checkLeaf(value, head, 0, head.size);
  pass(report, "inclusion", { index: value.index, size: head.size });
  const record = await checkOpening(value);
  if (record !== null) pass(report, "opening", { count: 1 });
  report.records = [{ index: value.index, leaf, path: takePath(value.path), record }];
}

async function checkCompleteness(report, value, key) {
  const { head } = report;
  const batch = await openOwnerIndex(report, value.batch, key);
  const owner = take(value.owner, "count index path root salt tag".split(" "));
  const tag = takeBytes(owner.tag);
  const salt = takeBytes(owner.salt);
  const root = takeBytes(owner.root);
  const count = takeNumber(owner.count, 1);
  const sealed = await sha256(encodeText("own1"), salt, root, encodeNumber(count));
  await checkOwnerEntry(owner, concat(tag, sealed), batch.owners);
  pass(report, "owner", { count });
  const { records } = value;
  if (!Array.isArray(records) || records.length !== count) throw new CheckError("completeness");
  let least = batch.first;
  for (const record of records) {
    take(record, ["index", "leaf", "path"], ["opening"]);
    if (takeNumber(record.index) < least) throw new CheckError("inclusion");
    least = record.index + 1;
  }
  const found = await Promise.all(
    records.map(async (part) => {
      const leaf = await checkLeaf(part, head, batch.first, batch.head.size);
      const record = await checkOpening(part);
      const entry = await hashEntry(concat(encodeNumber(part.index), leaf));
      return { entry, shown: { index: part.index, leaf, path: takePath(part.path), record } };
    }),
  );
  pass(report, "inclusion", { count, size: head.size });
  if (!isSame(await rootOf(found.map(({ entry }) => entry)), root)) {
    throw new CheckError("completeness");
  }
  pass(report, "completeness", { count, batch: batch.id });
  report.records = found.map(({ shown }) => shown);
  const open = report.records.filter(({ record }) => record !== null).length;
  if (open > 0) pass(report, "opening", { count: open });
}

async function checkAbsence(report, value, key) {
  const batch = await openOwnerIndex(report, value.batch, key);
  const tag = takeBytes(value.tag);
  const sides = {};
  for (const side of ["left", "right"]) {
    if (value[side] === null) continue;
    const neighbour = take(value[side], ["entry", "index", "path"]);
    const entry = takeBytes(neighbour.entry, 64);
    await checkOwnerEntry(neighbour, entry, batch.owners);
    sides[side] = { index: neighbour.index, tag: entry.subarray(0, 32) };
  }
  const { left, right } = sides;
  const adjacent = (left?.index ?? -1) + 1 === (right?.index ?? batch.owners.size);
  const around =
    (!left || compare(left.tag, tag) < 0) && (!right || compare(tag, right.tag) < 0);
  if ((!left && !right) || !adjacent || !around) throw new CheckError("absence");
  pass(report, "absence", { batch: batch.id });
}

async function checkConsistency(report, value, key) {
  const old = await openCheckpoint(takeText(value.old), key);
  const { head } = report;
  const path = takePath(value.path);
  if (!(await isConsistent(old.size, old.root, head.size, head.root, path))) {
    throw new CheckError("consistency");
  }
  report.old = old;
  pass(report, "consistency", { old: old.size, size: head.size });
}

async function openOwnerIndex(report, value, key) {
  const batch = await openBatch(value, key);
  const { head } = report;
  const same = batch.head.size === head.size && isSame(batch.head.root, head.root);
  if (batch.owners === null || (batch.head.size >= head.size && !same)) {
    throw new CheckError("batch", "batch.head");
  }
  report.batch = { id: batch.id, size: batch.head.size };
  pass(report, "batch", { batch: batch.id });
  return batch;
}

// The leaf of an object with index, leaf and path, once it is under the head.
async function checkLeaf(part, head, low, high) {
  const index = takeNumber(part.index);
  const leaf = takeBytes(part.leaf);
  const path = takePath(part.path);
  const stands = index >= low && index < high;
  if (!stands || !(await isIncluded(leaf, index, head.size, path, head.root))) {
    throw new CheckError("inclusion");
  }
  return leaf;
}

// The record that an opening shows, once the leaf commits to it; null where none is shown.
async function checkOpening(part) {
  if (!Object.hasOwn(part, "opening")) return null;
  const opening = take(part.opening, ["record", "salt"]);
  const salt = takeBytes(opening.salt);
  if (!isObject(opening.record)) throw new CheckError("file", "file.fields");
  const canonical = encodeText(encode(opening.record));
  const leaf = await hashEntry(await sha256(encodeText("com1"), salt, canonical));
  if (!isSame(leaf, takeBytes(part.leaf))) throw new CheckError("opening");
  return opening.record;
}

async function checkOwnerEntry(part, entry, owners) {
  const index = takeNumber(part.index);
  const path = takePath(part.path);
  if (!(await isIncluded(await hashEntry(entry), index, owners.size, path, owners.root))) {
    throw new CheckError("owner");
  }
}

// For its form, and that it is for this head or a later one; the chain itself is asked elsewhere.
function checkReceipt(report, value) {
  const numbers = ["block_number", "chain_id", "log_index", "sequence", "size"];
  take(value, [...numbers, "block_hash", "contract", "format", "manifest", "root", "tx_hash"]);
  numbers.forEach((name) => takeNumber(value[name]));
  takeBytes(value.block_hash, 32, "0x");
  takeBytes(value.tx_hash, 32, "0x");
  takeBytes(value.contract, 20, "0x");
  takeBytes(value.manifest);
  const { head } = report;
  const same = value.size === head.size && isSame(takeBytes(value.root), head.root);
  if (value.format !== RECEIPT || (value.size <= head.size && !same)) {
    throw new CheckError("receipt");
  }
  report.receipt = value;
  report.checks.push({
    name: "receipt",
    status: "note",
    why: "receipt",
    values: { block: value.block_number, chain: value.chain_id },
  });
}
