// Bytes, and SHA-256 by the browser's own WebCrypto.

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const ENCODER = new TextEncoder();

export const encodeText = (text) => ENCODER.encode(text);

/** Text from UTF-8, or null where it is none. */
export function decodeText(data) {
  try {
    return UTF8.decode(data);
  } catch {
    return null;
  }
}

export function concat(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export async function sha256(...parts) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", concat(...parts)));
}

export const isSame = (one, other) => compare(one, other) === 0;

/** Below 0, 0 or above 0, as the bytes are in order. */
export function compare(one, other) {
  const shared = Math.min(one.length, other.length);
  for (let at = 0; at < shared; at += 1) {
    if (one[at] !== other[at]) return one[at] - other[at];
  }
  return one.length - other.length;
}

export const toHex = (data) => Array.from(data, (b) => b.toString(16).padStart(2, "0")).join("");

/** Bytes from lower-case hex of a length, or null. */
export function fromHex(text, length) {
  if (typeof text !== "string" || text.length !== 2 * length || !/^[0-9a-f]*$/.test(text)) {
    return null;
  }
  return Uint8Array.from({ length }, (_, at) => parseInt(text.slice(2 * at, 2 * at + 2), 16));
}

/** Bytes from base64 in its only canonical spelling, or null. */
export function fromBase64(text) {
  try {
    const letters = atob(text);
    if (btoa(letters) !== text) return null;
    return Uint8Array.from(letters, (letter) => letter.charCodeAt(0));
  } catch {
    return null;
  }
}

export function toBase64(data) {
  return btoa(Array.from(data, (byte) => String.fromCharCode(byte)).join(""));
}

/** A number as eight bytes, the greatest first. */
export function encodeNumber(value) {
  const data = new Uint8Array(8);
  new DataView(data.buffer).setBigUint64(0, BigInt(value));
  return data;
}
