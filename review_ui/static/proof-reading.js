// Canonical JSON (RFC 8785) and its fields, read strictly: one content has one spelling.
// Only what ledger files hold: objects with ASCII names, lists, strings, booleans, null, and whole
// numbers below 2**53.

import { decodeText, fromHex } from "./proof-bytes.js";

export const MAX_PATH = 64;
const MAX_DEPTH = 100;

/** Something does not hold. `check` names what was checked, `why` is a key of the page's words. */
export class CheckError extends Error {
  constructor(check, why = check, values = {}) {
    super(`${check}: ${why}`);
    this.check = check;
    this.why = why;
    this.values = values;
  }
}

/** Nobody can tell: the browser or the network lacks something. */
export class UncheckedError extends CheckError {}

/** Canonical JSON of a value, or null where it holds something that no ledger file does. */
export function encode(value) {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "number") return Number.isSafeInteger(value) ? String(value) : null;
  if (typeof value === "string") return hasLoneSurrogate(value) ? null : JSON.stringify(value);
  const parts = [];
  if (Array.isArray(value)) {
    for (const part of value) {
      const text = encode(part);
      if (text === null) return null;
      parts.push(text);
    }
    return `[${parts.join(",")}]`;
  }
  for (const name of Object.keys(value).sort()) {
    const text = /^[\0-\x7f]*$/.test(name) ? encode(value[name]) : null;
    if (text === null) return null;
    parts.push(`${JSON.stringify(name)}:${text}`);
  }
  return `{${parts.join(",")}}`;
}

/** The object in a file of canonical JSON and a newline. */
export function decodeFile(data) {
  const text = decodeText(data);
  let value = null;
  try {
    if (text !== null && !isDeep(text)) value = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  if (!isObject(value) || `${encode(value)}\n` !== text) throw new CheckError("file");
  return value;
}

export const isObject = (value) =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** An object that has just these fields. */
export function take(value, names, optional = []) {
  const found = isObject(value) ? Object.keys(value) : [];
  const known = [...names, ...optional];
  if (!names.every((n) => found.includes(n)) || !found.every((n) => known.includes(n))) {
    throw new CheckError("file", "file.fields");
  }
  return value;
}

export function takeNumber(value, least = 0) {
  if (!Number.isSafeInteger(value) || value < least) throw new CheckError("file", "file.fields");
  return value;
}

export function takeText(value) {
  if (typeof value !== "string") throw new CheckError("file", "file.fields");
  return value;
}

/** Bytes in lower-case hex. */
export function takeBytes(value, length = 32, prefix = "") {
  const begins = typeof value === "string" && value.startsWith(prefix);
  const data = begins ? fromHex(value.slice(prefix.length), length) : null;
  if (data === null) throw new CheckError("file", "file.fields");
  return data;
}

/** The hashes of a path. */
export function takePath(value) {
  if (!Array.isArray(value) || value.length > MAX_PATH) throw new CheckError("file", "file.fields");
  return value.map((step) => takeBytes(step));
}

const hasLoneSurrogate = (text) => /\p{Surrogate}/u.test(text);

function isDeep(text) {
  let depth = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charCodeAt(at);
    if (quoted) {
      if (character === 0x5c) at += 1;
      else if (character === 0x22) quoted = false;
    } else if (character === 0x22) quoted = true;
    else if (character === 0x5b || character === 0x7b) {
      depth += 1;
      if (depth > MAX_DEPTH) return true;
    } else if (character === 0x5d || character === 0x7d) depth -= 1;
  }
  return false;
}
