// What the log signs: checkpoints (C2SP signed-note, tlog-checkpoint) and statements about a batch.

import {
  concat,
  decodeText,
  encodeText,
  fromBase64,
  isSame,
  sha256,
  toBase64,
  toHex,
} from "./proof-bytes.js";
import { emptyRoot } from "./proof-merkle.js";
import {
  CheckError,
  UncheckedError,
  encode,
  isObject,
  take,
  takeBytes,
  takeNumber,
  takeText,
} from "./proof-reading.js";

const MAX_NOTE_BYTES = 2 ** 16;
const MAX_SIGNATURES = 100;
const CONTROL = /[\x00-\x09\x0b-\x1f]/;
const UNNAMEABLE = /[\x00-\x20+\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;
const COUNTS = ["decide", "exclude", "revoke", "use"];
const COUNTED_IF_ANY = ["correct", "payout"];
const FIELDS = "batch_id counts first_index format leaves_sha256 root size stamped_at".split(" ");
const NEWER_FIELDS = ["manifest_sha256", "owners", "policy_sha256"];
const LEAST_OWNERS = 16;

/** A log's public key with its name. */
export class Key {
  /** Read name+id+base64. */
  static async parse(vkey) {
    const [name, rest] = partition(vkey, "+");
    const [keyId, encoded] = partition(rest, "+");
    const data = fromBase64(encoded);
    if (data !== null && data.length === 33 && data[0] === 1 && isName(name)) {
      const key = new Key();
      key.name = name;
      key.keyId = (await sha256(encodeText(`${name}\n`), data)).subarray(0, 4);
      key.vkey = `${name}+${toHex(key.keyId)}+${toBase64(data)}`;
      if (toHex(key.keyId) === keyId) {
        key.public = await importKey(data.subarray(1));
        return key;
      }
    }
    throw new CheckError("key", "key.none");
  }

  /** Whether this key signed the text (RFC 8032). */
  async signed(text, signature) {
    return (
      signature.length === 64 &&
      crypto.subtle.verify({ name: "Ed25519" }, this.public, signature, text)
    );
  }
}

/** The head in a checkpoint, once the log's own signature holds. Others are passed over. */
export async function openCheckpoint(note, key) {
  const data = encodeText(note);
  const whole = data.length > MAX_NOTE_BYTES ? null : decodeText(data);
  const end = whole === null ? -1 : whole.lastIndexOf("\n\n");
  if (whole !== note || end < 0 || CONTROL.test(whole)) throw misshapen();
  const lines = whole.slice(end + 2).split("\n");
  if (lines.pop() !== "" || lines.length === 0 || lines.length > MAX_SIGNATURES) throw misshapen();
  const signatures = lines.map(parseSignature);
  const text = whole.slice(0, end + 1);
  const rows = text.split("\n");
  if (rows.length < 4 || !rows.slice(0, -1).every(Boolean)) throw misshapen();
  const root = fromBase64(rows[2]);
  const size = /^(0|[1-9][0-9]{0,15})$/.test(rows[1]) ? Number(rows[1]) : NaN;
  if (root === null || root.length !== 32 || !Number.isSafeInteger(size)) throw misshapen();
  const own = signatures.filter((s) => s.name === key.name && isSame(s.keyId, key.keyId));
  const signed = encodeText(text);
  let holds = own.length > 0 && rows[0] === key.name;
  for (const { signature } of own) holds = (await key.signed(signed, signature)) && holds;
  if (!holds) throw new CheckError("checkpoint", "checkpoint.signature");
  if (size === 0 && !isSame(root, await emptyRoot())) throw misshapen();
  return { size, root };
}

/** Read a batch's statement, once the log's signature over it holds. */
export async function openBatch(value, key) {
  const file = take(value, ["batch", "signature"]);
  const signature = fromBase64(takeText(file.signature));
  const { batch } = file;
  const form = isObject(batch) ? batch.format : null;
  if (form !== "kiyome.batch/1" && form !== "kiyome.batch/2") throw new CheckError("batch");
  const signed = encodeText(`${key.name}\n${form}\n${encode(batch)}\n`);
  if (signature === null || !(await key.signed(signed, signature))) throw new CheckError("batch");
  const newer = form === "kiyome.batch/2";
  take(batch, newer ? [...FIELDS, ...NEWER_FIELDS] : FIELDS);
  const id = takeText(batch.batch_id);
  const first = takeNumber(batch.first_index);
  const size = takeNumber(batch.size, first + 1);
  const head = { size, root: takeBytes(batch.root) };
  takeBytes(batch.leaves_sha256);
  takeNumber(batch.stamped_at);
  const counts = take(batch.counts, COUNTS, COUNTED_IF_ANY);
  let total = 0;
  for (const name of COUNTS) total += takeNumber(counts[name]);
  for (const name of COUNTED_IF_ANY) {
    if (Object.hasOwn(counts, name)) total += takeNumber(counts[name], 1);
  }
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(id) || total !== size - first) {
    throw new CheckError("batch");
  }
  return { id, first, head, owners: newer ? readOwners(batch, size - first) : null };
}

function readOwners(batch, records) {
  takeBytes(batch.manifest_sha256);
  takeBytes(batch.policy_sha256);
  const index = take(batch.owners, ["records", "root", "size"]);
  const width = takeNumber(index.size, LEAST_OWNERS);
  if (takeNumber(index.records) !== records || !Number.isInteger(Math.log2(width))) {
    throw new CheckError("batch");
  }
  return { size: width, root: takeBytes(index.root) };
}

async function importKey(bytes) {
  try {
    return await crypto.subtle.importKey("raw", bytes, { name: "Ed25519" }, false, ["verify"]);
  } catch {
    throw new UncheckedError("key", "key.unsupported");
  }
}

function parseSignature(line) {
  const [name, encoded] = partition(line.slice(2), " ");
  const blob = fromBase64(encoded);
  if (!line.startsWith("\u2014 ") || !isName(name) || blob === null || blob.length < 5) {
    throw misshapen();
  }
  return { name, keyId: blob.subarray(0, 4), signature: blob.subarray(4) };
}

function partition(text, separator) {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + separator.length)];
}

const isName = (name) => name !== "" && !UNNAMEABLE.test(name) && !/\p{Surrogate}/u.test(name);
const misshapen = () => new CheckError("checkpoint", "checkpoint.shape");
