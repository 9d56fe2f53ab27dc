// A copy of a log's public folder: everything in it follows from the leaves in its tiles.
// The leaves are read once, tile by tile. What is signed, anchored or kept about any earlier size
// is compared with the root over that many leaves.

import crypto from "node:crypto";
import fs from "node:fs";
import path from "node:path";

import { openBatch } from "./batch.mjs";
import { decodeFile, decodeUtf8, encode, take, takeBytes, takeNumber } from "./canonical.mjs";
import { parseReceipt } from "./chain.mjs";
import { chooseKey } from "./heads.mjs";
import { Edge, rootOf, sha256 } from "./merkle.mjs";
import { Key, MAX_NOTE_BYTES, openCheckpoint } from "./note.mjs";
import { CheckError, Examined, UncheckedError } from "./report.mjs";

const ANCHOR_FIELDS = ["batches", "format", "origin", "root", "size"];
const TILE = 256;
const MAX_JSON_BYTES = 2 ** 24;

/** Check a folder by itself. Never rejects: what is wrong is a failed check. */
export async function examineFolder(name, folder, trust) {
  const examined = new Examined(name, "folder");
  try {
    await check(examined, folder, trust);
  } catch (error) {
    examined.checks.blame(error);
  }
  return examined;
}

/** The content of a regular file. */
export function readFile(file, limit, shown) {
  let data;
  try {
    // A pipe would be read for ever.
    if (!fs.statSync(file).isFile()) throw new UncheckedError("file", `${shown} is not a file.`);
    const handle = fs.openSync(file);
    try {
      data = Buffer.alloc(Math.min(fs.fstatSync(handle).size, limit) + 1);
      let length = 0;
      for (let got = -1; got !== 0 && length < data.length; length += got) {
        got = fs.readSync(handle, data, length, data.length - length);
      }
      data = data.subarray(0, length);
    } finally {
      fs.closeSync(handle);
    }
  } catch (error) {
    if (error instanceof CheckError) throw error;
    throw new UncheckedError("file", `${shown} is missing or cannot be read.`);
  }
  if (data.length > limit) {
    throw new CheckError("file", `${shown} is longer than ${limit} bytes.`);
  }
  return data;
}

async function check(examined, folder, trust) {
  const text = decodeUtf8(read(folder, "vkey", MAX_NOTE_BYTES)) ?? "";
  const stated = naming("vkey", () => Key.parse(text.replace(/\n$/, "")));
  const key = chooseKey(stated, trust, examined.checks);
  examined.key = key;
  const head = readCheckpoint(folder, "checkpoint", key);
  examined.heads.push(head);
  examined.checks.add("checkpoint", `The head of ${head.size} leaves is signed by the log.`);
  const claims = { roots: [["checkpoint", head]], batches: [], digests: {}, anchors: new Map() };
  readBatches(folder, key, head, claims);
  const covered = `${claims.batches.length} batches cover all ${head.size} leaves`;
  examined.checks.add("batches", `${covered}, signed, and add up.`);
  for (const size of listSizes(path.join(folder, "checkpoints"), "")) {
    const shown = `checkpoints/${size}`;
    claim(claims, shown, size, readCheckpoint(folder, shown, key), head);
  }
  readAnchors(folder, key, head, claims);
  readReceipts(examined, folder, claims);
  if (claims.anchors.size > 0) {
    const detail = `${claims.anchors.size} anchors name the batches since the one before.`;
    examined.checks.add("anchors", detail);
  }
  const known = claims.roots.map(([, { size }]) => size);
  const sizes = new Set([0, ...known, ...(await asked(examined, trust))]);
  const prefixes = walk(folder, head.size, sizes, claims);
  for (const [shown, { size, root }] of claims.roots) {
    if (!prefixes.get(size).equals(root)) {
      throw new CheckError(
        "root",
        `${shown} does not sign the root over the first ${size} leaves: leaves were ` +
          "changed, or the log was rewritten.",
      );
    }
  }
  examined.prefixes = prefixes;
  const count = claims.roots.length - 1;
  const detail = `The ${head.size} leaves lead to the signed root and to ${count} earlier claims.`;
  examined.checks.add("root", detail);
}

function readBatches(folder, key, head, claims) {
  for (const name of list(path.join(folder, "batches"))) {
    const shown = `batches/${name}`;
    const data = read(folder, shown, MAX_JSON_BYTES);
    const batch = naming(shown, () => openBatch(decodeFile(data), key));
    if (name !== `${batch.id}.json`) {
      throw new CheckError("batches", `${shown} is the file of the batch ${batch.id}.`);
    }
    claims.batches.push([shown, batch]);
    claims.digests[batch.id] = sha256(data).toString("hex");
  }
  claims.batches.sort(([, one], [, other]) => one.first - other.first);
  let covered = 0;
  for (const [shown, batch] of claims.batches) {
    if (batch.first !== covered) {
      throw new CheckError(
        "batches",
        `${shown} does not begin at leaf ${covered}: a batch is missing.`,
      );
    }
    covered = batch.head.size;
    claims.roots.push([shown, batch.head]);
  }
  if (covered !== head.size) {
    throw new CheckError(
      "batches",
      `The batches end at leaf ${covered}, and the head has ${head.size} leaves.`,
    );
  }
}

function readAnchors(folder, key, head, claims) {
  let last = 0;
  for (const size of listSizes(path.join(folder, "anchors"), ".json")) {
    const shown = `anchors/${size}.json`;
    const data = read(folder, shown, MAX_JSON_BYTES);
    const { value, named } = naming(shown, () => {
      const anchor = take(decodeFile(data), "anchor", ANCHOR_FIELDS);
      const root = takeBytes(anchor.root, "anchor's root");
      return { value: anchor, named: { size: takeNumber(anchor.size, "anchor's size", 1), root } };
    });
    claim(claims, shown, size, named, head);
    const expected = claims.batches
      .filter(([, batch]) => batch.first >= last && batch.first < size)
      .map(([, batch]) => ({ id: batch.id, sha256: claims.digests[batch.id] }));
    if (value.format !== "kiyome.anchor/1" || value.origin !== key.name) {
      throw new CheckError("anchors", `${shown} is not an anchor of this log.`);
    }
    if (encode(value.batches) !== encode(expected)) {
      throw new CheckError(
        "anchors",
        `${shown} does not name the batches from leaf ${last} to ${size}.`,
      );
    }
    claims.anchors.set(size, { root: named.root, manifest: sha256(data) });
    last = size;
  }
}

function readReceipts(examined, folder, claims) {
  const sequences = new Map(); // a log may change its contract; each numbers its own heads
  for (const size of listSizes(path.join(folder, "receipts"), ".json")) {
    const shown = `receipts/${size}.json`;
    const data = read(folder, shown, MAX_JSON_BYTES);
    const receipt = naming(shown, () => parseReceipt(decodeFile(data)));
    const anchor = claims.anchors.get(size);
    const fits =
      anchor && receipt.root.equals(anchor.root) && receipt.manifest.equals(anchor.manifest);
    if (receipt.size !== size || !fits) {
      throw new CheckError("receipts", `${shown} is not the receipt of anchors/${size}.json.`);
    }
    const place = `${receipt.chain_id} ${receipt.contract}`;
    if (receipt.sequence <= (sequences.get(place) ?? 0)) {
      throw new CheckError("receipts", `${shown} has a number that an earlier receipt has passed.`);
    }
    sequences.set(place, receipt.sequence);
    examined.receipts.push(receipt);
  }
}

function claim(claims, shown, size, claimed, head) {
  if (claimed.size !== size) {
    throw new CheckError("root", `${shown} is of the size ${claimed.size}.`);
  }
  if (size > head.size) {
    throw new CheckError("root", `${shown} is newer than the head: the log was cut back.`);
  }
  claims.roots.push([shown, claimed]);
}

// The sizes that somebody outside the folder knows a root for.
async function asked(examined, trust) {
  const sizes = trust.kept === null ? [] : [trust.kept.head.size];
  const address = trust.chain?.contract ?? examined.receipts.at(-1)?.contract;
  if (trust.chain !== null && address !== undefined) {
    try {
      sizes.push((await trust.chain.head(address)).size);
    } catch (error) {
      if (!(error instanceof CheckError)) throw error; // compareHeads says so
    }
  }
  return sizes;
}

// The roots over the first so many leaves, from every tile; the batches' leaves are checked.
function walk(folder, size, sizes, claims) {
  const edge = new Edge();
  const prefixes = new Map([[0, edge.root()]]);
  const ends = new Map(claims.batches.map(([shown, batch]) => [batch.head.size, [shown, batch]]));
  const stops = [...sizes, ...ends.keys()].sort((one, other) => one - other);
  let passed = 0;
  let digest = crypto.createHash("sha256");
  let above = [];
  for (const hashes of tiles(folder, 0, size)) {
    const root = rootOf(hashes);
    const full = hashes.length === TILE;
    if (full) above.push(root);
    while (stops[passed] <= edge.size) passed += 1;
    if (full && !(stops[passed] <= edge.size + TILE)) {
      digest.update(Buffer.concat(hashes));
      edge.push(root, TILE);
      continue;
    }
    for (const leaf of hashes) {
      edge.push(leaf);
      digest.update(leaf);
      if (sizes.has(edge.size)) prefixes.set(edge.size, edge.root());
      if (ends.has(edge.size)) {
        const [shown, batch] = ends.get(edge.size);
        if (!digest.digest().equals(batch.leaves)) {
          throw new CheckError("leaves", `The leaves are not those that ${shown} signs.`);
        }
        digest = crypto.createHash("sha256");
      }
    }
  }
  for (let level = 1; above.length > 0; level += 1) {
    const stored = Buffer.concat([...tiles(folder, level, above.length)].flat());
    if (!stored.equals(Buffer.concat(above))) {
      throw new CheckError(
        "tiles",
        `The tiles of level ${level} do not follow from those below.`,
      );
    }
    const full = Math.floor(above.length / TILE);
    above = Array.from({ length: full }, (_, at) =>
      rootOf(above.slice(at * TILE, (at + 1) * TILE)),
    );
  }
  return prefixes;
}

// The tiles of a level that has so many hashes.
function* tiles(folder, level, count) {
  for (let index = 0; index < Math.ceil(count / TILE); index += 1) {
    const width = Math.min(TILE, count - index * TILE);
    const three = (number) => String(number % 1000).padStart(3, "0");
    let name = three(index);
    for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
      name = `x${three(rest)}/${name}`;
    }
    const full = `tile/${level}/${name}`;
    const there = (shown) => fs.existsSync(path.join(folder, shown));
    // A log may drop a partial tile once the full one is there (tlog-tiles).
    const partial = `${full}.p/${width}`;
    const shown = width === TILE || (!there(partial) && there(full)) ? full : partial;
    const data = read(folder, shown, 32 * TILE);
    if (data.length !== 32 * (shown === full ? TILE : width)) {
      throw new CheckError("tiles", `${shown} does not have the length of its tile.`);
    }
    yield Array.from({ length: width }, (_, at) => data.subarray(32 * at, 32 * (at + 1)));
  }
}

// Say in which file something does not hold.
function naming(shown, work) {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof CheckError)) throw error;
    throw new CheckError(error.check, `${shown}: ${error.message}`);
  }
}

function readCheckpoint(folder, name, key) {
  const data = read(folder, name, MAX_NOTE_BYTES);
  return naming(name, () => openCheckpoint(data, key));
}

function read(folder, name, limit) {
  try {
    return readFile(path.join(folder, name), limit, name);
  } catch (error) {
    if (!(error instanceof CheckError)) throw error;
    // Something a log has to have is not there: that is a fault of the folder.
    throw new CheckError("files", error.message);
  }
}

/** The names in a folder, in order; none where there is no folder. */
export function list(folder) {
  try {
    return fs.readdirSync(folder).sort();
  } catch (error) {
    if (error.code === "ENOENT") return [];
    throw new CheckError("files", `${path.basename(folder)} cannot be read.`);
  }
}

function listSizes(folder, suffix) {
  const sizes = list(folder).map((name) => {
    const size = name.endsWith(suffix) ? name.slice(0, name.length - suffix.length) : "";
    if (!/^(0|[1-9][0-9]{0,15})$/.test(size) || !Number.isSafeInteger(Number(size))) {
      const shown = `${path.basename(folder)}/${name}`;
      throw new CheckError("files", `${shown} is not named for a size.`);
    }
    return Number(size);
  });
  return sizes.sort((one, other) => one - other);
}
