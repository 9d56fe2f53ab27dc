// Proof files: inclusion, consistency, completeness, absence, and C2SP tlog-proof.
// None of them is believed in anything but what its signatures and hashes show.

import crypto from "node:crypto";

import { openBatch } from "./batch.mjs";
import {
  decodeFile,
  decodeUtf8,
  encode,
  isObject,
  take,
  takeBytes,
  takeNumber,
  takePath,
  takeText,
} from "./canonical.mjs";
import { RECEIPT, parseReceipt } from "./chain.mjs";
import { chooseKey } from "./heads.mjs";
import { hashEntry, isConsistent, isIncluded, rootOf, sha256 } from "./merkle.mjs";
import { Key, Note, decodeBase64, openCheckpoint } from "./note.mjs";
import { CheckError, Examined, NOTE, UncheckedError } from "./report.mjs";

const TLOG_PROOF = Buffer.from("c2sp.org/tlog-proof@v1\n");
const ONE_NUMBER = 8;

const KINDS = new Map([
  ["kiyome.inclusion/1", ["inclusion", ["checkpoint", "index", "leaf", "path"], checkInclusion]],
  ["kiyome.consistency/1", ["consistency", ["new", "old", "path"], checkConsistency]],
  [
    "kiyome.completeness/1",
    ["completeness", ["batch", "checkpoint", "owner", "records"], checkCompleteness],
  ],
  ["kiyome.absence/1", ["absence", ["batch", "checkpoint", "left", "right", "tag"], checkAbsence]],
]);

/** Check one file by itself. Never rejects: what is wrong is a failed check. */
export async function examine(name, data, trust) {
  const examined = new Examined(name);
  try {
    if (data.length === 0) {
      throw new CheckError("file", "The file is empty: it was cut off, or never written.");
    }
    if (data.subarray(0, TLOG_PROOF.length).equals(TLOG_PROOF)) {
      checkTlogProof(examined, data.subarray(TLOG_PROOF.length), trust);
    } else if (data[0] === 0x7b) await checkJson(examined, data, trust);
    else {
      const note = Note.parse(data);
      examined.kind = "checkpoint";
      useGivenKey(examined, note, trust);
    }
  } catch (error) {
    examined.checks.blame(error);
  }
  return examined;
}

async function checkJson(examined, data, trust) {
  const value = decodeFile(data);
  if (value.format === RECEIPT) {
    examined.kind = "receipt";
    const receipt = parseReceipt(value);
    if (trust.chain === null) {
      throw new UncheckedError("receipt", "A receipt says nothing without its chain: give --rpc.");
    }
    examined.checks.add("receipt", await trust.chain.lookUp(receipt));
    return;
  }
  if (!KINDS.has(value.format)) {
    throw new CheckError("file", "The file is of no format that can be verified here.");
  }
  const [kind, fields, check] = KINDS.get(value.format);
  examined.kind = kind;
  const optional = kind === "inclusion" ? ["opening", "receipt"] : ["receipt"];
  take(value, "file", [...fields, "format", "vkey"], optional);
  examined.key = chooseKey(Key.parse(takeText(value.vkey, "key")), trust, examined.checks);
  const head = openHead(examined, value[kind === "consistency" ? "new" : "checkpoint"]);
  check(examined, value, head, trust);
  if (Object.hasOwn(value, "receipt")) {
    const receipt = parseReceipt(value.receipt);
    const same = receipt.size === head.size && receipt.root.equals(head.root);
    if (receipt.size <= head.size && !same) {
      throw new CheckError("receipt", "The receipt is for another head than the checkpoint's.");
    }
    examined.receipts.push(receipt);
  }
}

function checkInclusion(examined, value, head) {
  checkLeaf(value, "leaf", head, 0, head.size);
  const detail = `The leaf stands at ${value.index} of the log's ${head.size} leaves.`;
  examined.checks.add("inclusion", detail);
  if (Object.hasOwn(value, "opening")) {
    checkOpening(value);
    examined.checks.add("opening", "The record in the file is what the leaf commits to.");
  }
}

function checkConsistency(examined, value, head) {
  const old = openHead(examined, value.old);
  const path = takePath(value.path, "path");
  if (!isConsistent(old.size, old.root, head.size, head.root, path)) {
    throw new CheckError(
      "consistency",
      `The path does not show that the log of ${head.size} leaves begins with the one of ` +
        `${old.size}: the log may have been rewritten.`,
    );
  }
  examined.links.push([old, head]);
  const detail = `The log of ${head.size} leaves begins with the one of ${old.size}: it only grew.`;
  examined.checks.add("consistency", detail);
}

function checkCompleteness(examined, value, head, trust) {
  const batch = openOwnerIndex(examined, value.batch, head);
  const owner = take(value.owner, "owner's entry", "count index path root salt tag".split(" "));
  const tag = takeBytes(owner.tag, "owner's tag");
  const salt = takeBytes(owner.salt, "owner's salt");
  const root = takeBytes(owner.root, "root of the owner's records");
  const count = takeNumber(owner.count, "number of the owner's records", 1);
  const sealed = sha256(Buffer.from("own1"), salt, root, encodeNumber(count));
  checkOwnerEntry(owner, Buffer.concat([tag, sealed]), batch.owners);
  const detail = `The owner's entry, of ${count} records, stands in the batch's owner index.`;
  examined.checks.add("owner", detail);
  checkTag(examined, tag, batch, trust);
  const { records } = value;
  if (!Array.isArray(records) || records.length !== count) {
    throw new CheckError(
      "completeness",
      `The file does not hold the ${count} records that the entry counts.`,
    );
  }
  const entries = [];
  let least = batch.first;
  for (const record of records) {
    take(record, "record", ["index", "leaf", "path"], ["opening"]);
    const leaf = checkLeaf(record, "record", head, least, batch.head.size);
    if (Object.hasOwn(record, "opening")) checkOpening(record);
    entries.push(hashEntry(Buffer.concat([encodeNumber(record.index), leaf])));
    least = record.index + 1;
  }
  if (!rootOf(entries).equals(root)) {
    throw new CheckError(
      "completeness",
      "The records are not those that the owner's entry commits to.",
    );
  }
  examined.checks.add(
    "completeness",
    `These ${count} records, each of them in the log, are all of the owner's in the batch.`,
  );
}

function checkAbsence(examined, value, head, trust) {
  const batch = openOwnerIndex(examined, value.batch, head);
  const tag = takeBytes(value.tag, "owner's tag");
  const sides = {};
  for (const side of ["left", "right"]) {
    if (value[side] === null) continue;
    const neighbour = take(value[side], `${side} neighbour`, ["entry", "index", "path"]);
    const entry = takeBytes(neighbour.entry, `${side} neighbour`, 64);
    checkOwnerEntry(neighbour, entry, batch.owners);
    sides[side] = { index: neighbour.index, tag: entry.subarray(0, 32) };
  }
  const { left, right } = sides;
  const adjacent = (left?.index ?? -1) + 1 === (right?.index ?? batch.owners.size);
  const around =
    (!left || Buffer.compare(left.tag, tag) < 0) && (!right || Buffer.compare(tag, right.tag) < 0);
  if ((!left && !right) || !adjacent || !around) {
    throw new CheckError(
      "absence",
      "The neighbours do not leave the tag out: they are not next to each other around it.",
    );
  }
  checkTag(examined, tag, batch, trust);
  examined.checks.add("absence", "The batch's owner index has no entry for the tag.");
}

function openHead(examined, note) {
  const head = openCheckpoint(Buffer.from(takeText(note, "checkpoint")), examined.key);
  examined.heads.push(head);
  examined.checks.add("checkpoint", `The head of ${head.size} leaves is signed by the log.`);
  return head;
}

function useGivenKey(examined, note, trust) {
  if (trust.key === null) {
    throw new UncheckedError("key", "The file does not hold the log's key: give --key.");
  }
  examined.key = trust.key;
  const head = note.check(trust.key);
  examined.heads.push(head);
  examined.checks.add("checkpoint", `The head of ${head.size} leaves is signed by the log.`);
  return head;
}

function openOwnerIndex(examined, value, head) {
  const batch = openBatch(value, examined.key);
  if (batch.owners === null) {
    throw new CheckError(
      "batch",
      "The batch has no owner index: nothing can be shown about an owner.",
    );
  }
  const same = batch.head.size === head.size && batch.head.root.equals(head.root);
  if (batch.head.size >= head.size && !same) {
    throw new CheckError("batch", "The batch is not within the head of the checkpoint.");
  }
  examined.checks.add(
    "batch",
    `The batch ${batch.id} holds the leaves from ${batch.first} to ${batch.head.size - 1} ` +
      "and is signed by the log.",
  );
  return batch;
}

// The leaf of an object with index, leaf and path, once it is under the head.
function checkLeaf(part, what, head, low, high) {
  const index = takeNumber(part.index, `${what}'s index`);
  const leaf = takeBytes(part.leaf, what);
  const path = takePath(part.path, `${what}'s path`);
  if (!(index >= low && index < high)) {
    throw new CheckError(
      "inclusion",
      `The ${what} at ${index} is not between ${low} and ${high - 1}.`,
    );
  }
  if (!isIncluded(leaf, index, head.size, path, head.root)) {
    throw new CheckError(
      "inclusion",
      `The path does not lead from the ${what} at ${index} to the signed root: it does not ` +
        "stand there in the log.",
    );
  }
  return leaf;
}

function checkOpening(part) {
  const opening = take(part.opening, "opening", ["record", "salt"]);
  const salt = takeBytes(opening.salt, "salt");
  if (!isObject(opening.record)) throw new CheckError("file", "The record is not an object.");
  const record = Buffer.from(encode(opening.record));
  const leaf = hashEntry(sha256(Buffer.from("com1"), salt, record));
  if (leaf.toString("hex") !== part.leaf) {
    throw new CheckError(
      "opening",
      `The record is not what the leaf at ${part.index} commits to: it was changed, or ` +
        "is another leaf's.",
    );
  }
}

function checkOwnerEntry(part, entry, owners) {
  const index = takeNumber(part.index, "place in the owner index");
  const path = takePath(part.path, "path in the owner index");
  if (!isIncluded(hashEntry(entry), index, owners.size, path, owners.root)) {
    throw new CheckError(
      "owner",
      `The entry does not stand at ${index} in the batch's owner index.`,
    );
  }
}

function checkTag(examined, tag, batch, trust) {
  if (trust.ownerKey === null) {
    examined.checks.add("tag", "Whose tag it is was not checked: give --owner-key.", NOTE);
    return;
  }
  const own = crypto.createHmac("sha256", trust.ownerKey).update(`usage-tag${batch.id}`).digest();
  if (!own.equals(tag)) {
    throw new CheckError("tag", "The tag is not that of the owner key for this batch.");
  }
  examined.checks.add("tag", "The tag is that of the owner key for this batch.");
}

// https://c2sp.org/tlog-proof. It does not say what was logged: that has to be given.
function checkTlogProof(examined, data, trust) {
  examined.kind = "tlog-proof";
  const end = data.indexOf("\n\n");
  let lines = (decodeUtf8(data.subarray(0, Math.max(end, 0))) ?? "").split("\n");
  if (lines[0].startsWith("extra ")) {
    lines = decodeBase64(lines[0].slice(6)) === null ? [""] : lines.slice(1);
  }
  const match = /^index (0|[1-9][0-9]{0,15})$/.exec(lines[0] ?? "");
  const path = lines.slice(1).map((line) => decodeBase64(line));
  const index = match ? Number(match[1]) : NaN;
  if (!Number.isSafeInteger(index) || !path.every((step) => step?.length === 32)) {
    throw new CheckError("file", "The file is not written as a C2SP proof.");
  }
  const head = useGivenKey(examined, Note.parse(data.subarray(end + 2)), trust);
  if (trust.leaf === null) {
    throw new UncheckedError(
      "inclusion",
      "A C2SP proof does not say what it is about: give --leaf.",
    );
  }
  if (!isIncluded(trust.leaf, index, head.size, path, head.root)) {
    throw new CheckError(
      "inclusion",
      `The path does not lead from the given leaf at ${index} to the signed root.`,
    );
  }
  const detail = `The given leaf stands at ${index} of ${head.size} leaves.`;
  examined.checks.add("inclusion", detail);
}

function encodeNumber(value) {
  const bytes = Buffer.alloc(ONE_NUMBER);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}
