// Keys, signed notes and checkpoints, as C2SP signed-note and tlog-checkpoint define them.

import crypto from "node:crypto";

import { decodeUtf8 } from "./canonical.mjs";
import { EMPTY_ROOT, sha256 } from "./merkle.mjs";
import { CheckError } from "./report.mjs";

export const MAX_NOTE_BYTES = 2 ** 16;
const MAX_SIGNATURES = 100;
const CONTROL = /[\x00-\x09\x0b-\x1f]/;
const UNNAMEABLE = /[\x00-\x20+\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;
const SPKI = Buffer.from("302a300506032b6570032100", "hex"); // RFC 8410, before the 32 bytes

/** A log's public key with its name. */
export class Key {
  constructor(name, bytes) {
    this.name = name;
    this.keyId = sha256(Buffer.from(`${name}\n\x01`), bytes).subarray(0, 4);
    this.vkey = `${name}+${this.keyId.toString("hex")}+${encodeBase64(
      Buffer.concat([Buffer.from([1]), bytes]),
    )}`;
    this.public = crypto.createPublicKey({
      key: Buffer.concat([SPKI, bytes]),
      format: "der",
      type: "spki",
    });
  }

  /** Read name+id+base64. */
  static parse(vkey) {
    const [name, rest] = partition(vkey, "+");
    const [keyId, encoded] = partition(rest, "+");
    const data = decodeBase64(encoded);
    if (data !== null && data.length === 33 && data[0] === 1 && isName(name)) {
      const key = new Key(name, data.subarray(1));
      if (key.keyId.toString("hex") === keyId) return key;
    }
    throw new CheckError(
      "key",
      "This is not an Ed25519 verifier key (name+id+base64), or it is damaged.",
    );
  }

  /** Whether this key signed the text (RFC 8032). */
  signed(text, signature) {
    return signature.length === 64 && crypto.verify(null, text, this.public, signature);
  }
}

/** A checkpoint as it was read; nobody has looked at its signatures yet. */
export class Note {
  /** Read a checkpoint, without its signatures. */
  static parse(data) {
    const { text, lines } = split(data);
    const rows = text.split("\n");
    if (rows.length < 4 || !rows.slice(0, -1).every(Boolean)) throw misshapen();
    const root = decodeBase64(rows[2]);
    const size = /^(0|[1-9][0-9]{0,15})$/.test(rows[1]) ? Number(rows[1]) : NaN;
    if (root === null || root.length !== 32 || !Number.isSafeInteger(size)) throw misshapen();
    const note = new Note();
    note.text = Buffer.from(text);
    note.signatures = lines.map(parseSignature);
    note.origin = rows[0];
    note.head = { size, root };
    return note;
  }

  /** The head, once the log's own signature holds. Signatures by others are passed over. */
  check(key) {
    const own = this.signatures.filter((s) => s.name === key.name && s.keyId.equals(key.keyId));
    if (own.length === 0) {
      throw new CheckError("checkpoint", `The checkpoint is not signed by the key of ${key.name}.`);
    }
    if (!own.every(({ signature }) => key.signed(this.text, signature))) {
      throw new CheckError(
        "checkpoint",
        `The signature by ${key.name} does not hold: the checkpoint was changed or forged.`,
      );
    }
    if (this.origin !== key.name) {
      throw new CheckError(
        "checkpoint",
        `The checkpoint is of the log ${this.origin}, not of ${key.name}.`,
      );
    }
    if (this.head.size === 0 && !this.head.root.equals(EMPTY_ROOT)) {
      throw new CheckError(
        "checkpoint",
        "The checkpoint gives the empty log a root that it cannot have.",
      );
    }
    return this.head;
  }
}

/** The head in a checkpoint signed by a key. */
export const openCheckpoint = (data, key) => Note.parse(data).check(key);

/** Base64 in its only canonical spelling, else null. */
export function decodeBase64(text) {
  const data = Buffer.from(text, "base64");
  return encodeBase64(data) === text ? data : null;
}

/** What stands before and after the first separator. */
export function partition(text, separator) {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + separator.length)];
}

const encodeBase64 = (data) => data.toString("base64");
const isName = (name) => name !== "" && !UNNAMEABLE.test(name) && name.isWellFormed();

function split(data) {
  const whole = data.length > MAX_NOTE_BYTES ? null : decodeUtf8(data);
  const end = whole === null ? -1 : whole.lastIndexOf("\n\n");
  if (end < 0 || CONTROL.test(whole)) throw misshapen();
  const lines = whole.slice(end + 2).split("\n");
  if (lines.pop() !== "" || lines.length === 0 || lines.length > MAX_SIGNATURES) throw misshapen();
  return { text: whole.slice(0, end + 1), lines };
}

function parseSignature(line) {
  const [name, encoded] = partition(line.slice(2), " ");
  const blob = decodeBase64(encoded);
  if (!line.startsWith("\u2014 ") || !isName(name) || blob === null || blob.length < 5) {
    throw misshapen();
  }
  return { name, keyId: blob.subarray(0, 4), signature: blob.subarray(4) };
}

const misshapen = () =>
  new CheckError(
    "checkpoint",
    "The checkpoint is not a signed note of origin, size and root: it was changed or cut off.",
  );
