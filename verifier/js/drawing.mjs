// An auditor's request: entries of a release or of a training run, drawn by a block that nobody
// knew beforehand. The draw is
//
//   seed = SHA-256("kiyome.audit-draw/1" newline || SHA-256(the batch's file) || u64(chain)
//                  || u64(block's number) || block's hash)
//   word i = the first 8 bytes of SHA-256(seed || u64(i)), for i = 0, 1, 2 ...
//
// Words from the largest multiple of the number of entries on are passed over, the others taken
// modulo that number; what came before is passed over too.

import { NO_DIGEST, openBatch } from "./batch.mjs";
import { UNIT, countSample } from "./bounds.mjs";
import { encode, take, takeBytes, takeNumber, takeText } from "./canonical.mjs";
import { parseReceipt } from "./chain.mjs";
import { sha256 } from "./merkle.mjs";
import { openCheckpoint } from "./note.mjs";
import { CheckError } from "./report.mjs";

const REQUEST = "kiyome.audit-request/1";
const RUN_REQUEST = "kiyome.run-audit-request/1";
const DOMAIN = Buffer.from("kiyome.audit-draw/1\n");
const WORDS = 2n ** 64n;
const FIELDS = [
  "batch",
  "beacon",
  "checkpoint",
  "confidence",
  "format",
  "positions",
  "receipt",
  "revocations_before",
  "violations_at_most",
  "vkey",
];

/** So much of a release's id stands at the end of the id of a run's batch. */
export const RELEASE_DIGITS = 16;

/** Read a request, and draw it again. */
export function readRequest(value, key) {
  const ofRun = value.format === RUN_REQUEST;
  take(value, "request", ofRun ? [...FIELDS, "release"] : FIELDS);
  if (!ofRun && value.format !== REQUEST) {
    throw new CheckError("request", `The request is not of the format ${REQUEST}.`);
  }
  const beacon = readBeacon(value.beacon);
  const checkpoint = takeText(value.checkpoint, "request's checkpoint");
  const rate = readShare(takeText(value.violations_at_most, "request's rate"));
  const confidence = readShare(takeText(value.confidence, "request's confidence"));
  const revocations = takeNumber(value.revocations_before, "number of revocations");
  if (ofRun) take(value.release, "release's batch", ["batch", "signature"]);
  const batch = openBatch(value.batch, key);
  const head = openCheckpoint(Buffer.from(checkpoint), key);
  const receipt = value.receipt === null ? null : parseReceipt(value.receipt);
  const release = ofRun ? openBatch(value.release, key) : null;
  checkBatch(batch, release);
  checkParts(batch, head, receipt, beacon);
  const entries = batch.head.size - batch.first;
  const wanted = countSample(entries, batch.counts.use, rate, confidence);
  // Before anything is drawn: a batch may claim to be of any size.
  if (!Array.isArray(value.positions) || value.positions.length !== wanted) throw denyDraw();
  const positions = draw(seedOf(value.batch, beacon), entries, wanted).map((at) => batch.first + at);
  if (encode(value.positions) !== encode(positions)) throw denyDraw();
  return {
    batch,
    beacon,
    confidence,
    entries,
    head,
    positions,
    rate,
    receipt,
    release,
    restsOn: release ?? batch, // names manifest and policy
    revocations,
    uses: batch.counts.use,
    what: release === null ? "release" : "run",
  };
}

/** The first so many of all numbers below `entries`, each as likely as the others. */
export function draw(seed, entries, wanted) {
  const many = BigInt(entries);
  const limit = (WORDS / many) * many;
  const drawn = new Set();
  const counter = Buffer.alloc(8);
  for (let number = 0n; drawn.size < wanted; number += 1n) {
    counter.writeBigUInt64BE(number);
    const word = sha256(seed, counter).readBigUInt64BE();
    if (word < limit) drawn.add(Number(word % many)); // a set keeps the order of what came first
  }
  return [...drawn];
}

function readBeacon(value) {
  const fields = ["block_hash", "block_number", "by_hand", "chain_id"];
  const beacon = take(value, "request's beacon", fields);
  if (typeof beacon.by_hand !== "boolean") {
    throw new CheckError("request", "The request does not say whether its block was typed in.");
  }
  return {
    chainId: takeNumber(beacon.chain_id, "request's chain"),
    number: takeNumber(beacon.block_number, "request's block"),
    hash: takeBytes(beacon.block_hash, "request's block hash", 32, "0x"),
    byHand: beacon.by_hand,
  };
}

// A part of one, as a whole number of 1 / UNIT.
function readShare(text) {
  if (!/^0\.[0-9]{0,8}[1-9]$/.test(text)) {
    throw new CheckError("request", "A rate or a confidence is not a number between 0 and 1.");
  }
  return BigInt(text.slice(2).padEnd(String(UNIT).length - 1, "0"));
}

function checkBatch(batch, release) {
  const consented = release ?? batch;
  if (consented.manifest.equals(NO_DIGEST)) {
    throw new CheckError("batch", `The batch ${consented.id} is not of a release.`);
  }
  if (release !== null) {
    const named =
      batch.id.startsWith("run-") && batch.id.endsWith(`-${release.id.slice(0, RELEASE_DIGITS)}`);
    if (!named || !batch.manifest.equals(NO_DIGEST) || release.head.size > batch.first) {
      throw new CheckError(
        "batch",
        `The batch ${batch.id} is not of a run that used the release ${release.id}.`,
      );
    }
  }
  if (batch.counts.use === 0) {
    throw new CheckError("batch", `The batch ${batch.id} holds no use: there is nothing to audit.`);
  }
}

function checkParts(batch, head, receipt, beacon) {
  const same = batch.head.size === head.size && batch.head.root.equals(head.root);
  if (batch.head.size >= head.size && !same) {
    throw new CheckError("batch", "The batch is not within the head of the checkpoint.");
  }
  if (receipt === null) {
    if (beacon.byHand) return;
    throw new CheckError("receipt", "Nothing says that the batch was anchored before the block.");
  }
  if (receipt.size !== head.size || !receipt.root.equals(head.root)) {
    throw new CheckError("receipt", "The receipt is for another head than the checkpoint's.");
  }
  if (beacon.chainId !== receipt.chainId) {
    throw new CheckError("beacon", "The block is of another chain than the receipt.");
  }
  if (beacon.number <= receipt.blockNumber) {
    throw new CheckError(
      "beacon",
      `The block ${beacon.number} is not after ${receipt.blockNumber}, in which the batch was ` +
        "anchored: whoever anchored it may have known the draw.",
    );
  }
}

function seedOf(batchFile, beacon) {
  const place = Buffer.alloc(16);
  place.writeBigUInt64BE(BigInt(beacon.chainId), 0);
  place.writeBigUInt64BE(BigInt(beacon.number), 8);
  const file = sha256(Buffer.from(`${encode(batchFile)}\n`));
  return sha256(DOMAIN, file, place, beacon.hash);
}

const denyDraw = () =>
  new CheckError(
    "draw",
    "The entries are not those that the block draws: the request was changed.",
  );
