// How many assets a release's manifest lists: the number of rows in the footer of a Parquet file.
// Reads only what it needs of the footer (Thrift, compact protocol): the third field of
// FileMetaData is num_rows.

import { CheckError } from "./report.mjs";

const MAGIC = Buffer.from("PAR1");
const ROWS_FIELD = 3n;
const [STOP, TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET] = Array(11).keys();
const STRUCT = 12;
const MAX_DEPTH = 32;

class Damaged extends Error {}

/** The number of rows of a Parquet file. */
export function countRows(data) {
  const end = data.length - 8;
  const start = data.length < 12 ? 0 : end - data.readUInt32LE(end);
  const marked = data.subarray(0, 4).equals(MAGIC) && data.subarray(-4).equals(MAGIC);
  try {
    if (!marked || start < 4) throw new Damaged();
    return findRows(new Reader(data.subarray(start, end)));
  } catch (error) {
    if (!(error instanceof Damaged)) throw error;
    throw new CheckError("manifest", "The manifest is not a Parquet file that can be read.");
  }
}

function findRows(reader) {
  let field = 0n;
  for (let head = reader.byte(); head !== STOP; head = reader.byte()) {
    const [step, kind] = [head >> 4, head & 15];
    field = step ? field + BigInt(step) : reader.signed();
    if (field === ROWS_FIELD && kind === I64) {
      const rows = reader.signed();
      if (rows < 0n) throw new Damaged();
      return rows;
    }
    reader.skip(kind);
  }
  throw new Damaged();
}

class Reader {
  #data;
  #at = 0n;

  constructor(data) {
    this.#data = data;
  }

  byte() {
    const value = this.#data[Number(this.#at)];
    if (value === undefined) throw new Damaged();
    this.#at += 1n;
    return value;
  }

  unsigned() {
    let value = 0n;
    for (let shift = 0n; shift <= 63n; shift += 7n) {
      const part = this.byte();
      value |= BigInt(part & 127) << shift;
      if (part < 128) return value;
    }
    throw new Damaged();
  }

  signed() {
    const value = this.unsigned();
    return (value >> 1n) ^ -(value & 1n);
  }

  // Pass a value over.
  skip(kind, depth = 0) {
    if (depth > MAX_DEPTH) throw new Damaged();
    if (kind === TRUE || kind === FALSE) return; // of a field, the type is the value
    if (kind === BYTE) this.#at += 1n;
    else if ([I16, I32, I64].includes(kind)) this.unsigned();
    else if (kind === DOUBLE) this.#at += 8n;
    else if (kind === BINARY) {
      const length = this.unsigned();
      this.#at += length;
    } else if (kind === LIST || kind === SET) this.#skipList(depth);
    else if (kind === STRUCT) {
      for (let head = this.byte(); head !== STOP; head = this.byte()) {
        if (head >> 4 === 0) this.unsigned();
        this.skip(head & 15, depth + 1);
      }
    } else throw new Damaged(); // a map: there is none before the number of rows
  }

  #skipList(depth) {
    const head = this.byte();
    const size = head >> 4 === 15 ? this.unsigned() : BigInt(head >> 4);
    if (size > BigInt(this.#data.length)) throw new Damaged();
    for (let n = 0n; n < size; n += 1n) {
      const kind = head & 15;
      if (kind === TRUE || kind === FALSE) this.byte();
      else this.skip(kind, depth + 1);
    }
  }
}
