// Canonical JSON (RFC 8785) and its fields, read strictly: one content has one spelling.
// Only what ledger files hold: objects with ASCII names, lists, strings, booleans, null, and whole
// numbers below 2**53.

import { MAX_PATH } from "./merkle.mjs";
import { CheckError } from "./report.mjs";

export const MAX_FILE_BYTES = 2 ** 28;
const MAX_DEPTH = 100;
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Text from UTF-8, or null where it is none. */
export function decodeUtf8(data) {
  try {
    return UTF8.decode(data);
  } catch {
    return null;
  }
}

/** Canonical JSON of a value, or null where it holds something that no ledger file does. */
export function encode(value) {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "number") return Number.isSafeInteger(value) ? String(value) : null;
  if (typeof value === "string") return value.isWellFormed() ? JSON.stringify(value) : null;
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
  const text = decodeUtf8(data);
  let value = null;
  try {
    if (text !== null && !isDeep(text)) value = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  if (!isObject(value) || `${encode(value)}\n` !== text) {
    throw new CheckError(
      "file",
      "The file is not an object in canonical JSON (RFC 8785) and a newline: it was changed, " +
        "cut short, or written by another program.",
    );
  }
  return value;
}

export const isObject = (value) =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** An object that has just these fields. */
export function take(value, what, names, optional = []) {
  const found = isObject(value) ? Object.keys(value) : [];
  const known = [...names, ...optional];
  if (!names.every((n) => found.includes(n)) || !found.every((n) => known.includes(n))) {
    const wanted = [...names].sort().join(", ");
    throw new CheckError("file", `The ${what} does not have just the fields ${wanted}.`);
  }
  return value;
}

/** A whole number. */
export function takeNumber(value, what, least = 0) {
  if (!Number.isSafeInteger(value) || value < least) {
    throw new CheckError("file", `The ${what} is not a whole number of ${least} or more.`);
  }
  return value;
}

/** A string. */
export function takeText(value, what) {
  if (typeof value !== "string") throw new CheckError("file", `The ${what} is not text.`);
  return value;
}

/** Bytes in lower-case hex. */
export function takeBytes(value, what, length = 32, prefix = "") {
  if (typeof value === "string" && value.startsWith(prefix)) {
    const digits = value.slice(prefix.length);
    if (digits.length === 2 * length && /^[0-9a-f]*$/.test(digits)) return Buffer.from(digits, "hex");
  }
  const shown = prefix ? ` after ${prefix}` : "";
  throw new CheckError("file", `The ${what} is not ${length} bytes in lower-case hex${shown}.`);
}

/** The hashes of a path. */
export function takePath(value, what) {
  if (!Array.isArray(value) || value.length > MAX_PATH) {
    throw new CheckError("file", `The ${what} is not a list of at most ${MAX_PATH} hashes.`);
  }
  return value.map((step) => takeBytes(step, what));
}

/** Whether JSON nests deeper than a file ever does; the parser recurses. */
export function isDeep(text) {
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
