// Weighing the drawn entries of an audit: what was opened, and whether it allows the uses.

import fs from "node:fs";
import path from "node:path";

import { MAX_FILE_BYTES, decodeFile, encode } from "./canonical.mjs";
import { findViolation, nameStatement, readStatement } from "./consent.mjs";
import {
  OlderError,
  findMismatch,
  findReleasedMismatch,
  findRunMismatch,
  findUngrounded,
  isApproved,
  readEntry,
  readRevocation,
} from "./entries.mjs";
import { list, readFile } from "./folder.mjs";
import { sha256 } from "./merkle.mjs";
import { CheckError, UncheckedError } from "./report.mjs";

export const MAX_ENTRY_BYTES = 2 ** 24;

/** The revocations of an audit's folder, in the order of the files' names. */
export function readRevocations(folder, request) {
  return list(path.join(folder, "revocations")).map((name) => {
    const shown = `revocations/${name}`;
    const number = name.replace(/\.json$/, "");
    if (!/^(0|[1-9][0-9]*)$/.test(number)) {
      throw new CheckError("revocations", `${shown} is not named for an entry.`);
    }
    const data = readFile(path.join(folder, shown), MAX_ENTRY_BYTES, shown);
    return readRevocation(decodeFile(data), Number(number), request);
  });
}

/** What comes of the drawn entries of a folder, one after another. */
export class Weighed {
  violations = [];
  unverifiable = [];
  missing = [];
  absent = []; // evidence that a record names, neither opened nor said not to be kept
  erased = 0;
  uses = 0;
  others = 0;
  sound = 0;
  kept = new Set(); // digests of evidence that was opened
  unkept = new Set(); // of what was said not to be kept
  neverKept = new Set(); // and of what the record says so from the beginning
  grounded = 0; // uses whose records hold a digest of their row and statements
  ungrounded = 0;
  onChain = 0;

  #folder;
  #request;
  #terms;
  #revocations = new Map();

  constructor(folder, request, terms, revocations) {
    this.#folder = folder;
    this.#request = request;
    this.#terms = terms;
    for (const one of revocations) {
      const about = pair(one.asset, one.purpose);
      this.#revocations.set(about, [...(this.#revocations.get(about) ?? []), one]);
    }
  }

  /** How many of the drawn entries are taken for violations. */
  get counted() {
    const listed = [this.violations, this.unverifiable, this.missing, this.absent];
    return listed.reduce((sum, found) => sum + found.length, this.erased);
  }

  /** Judge a drawn entry. */
  judge(index) {
    const name = `entries/${index}.json`;
    if (!fs.existsSync(path.join(this.#folder, name))) {
      this.missing.push(`entry ${index} was not opened`);
      return;
    }
    let entry;
    try {
      entry = this.#read(name, index);
    } catch (error) {
      if (!(error instanceof OlderError)) throw error;
      this.unverifiable.push(error.message);
      return;
    }
    if (entry.record === null) this.erased += 1;
    else if (this.#request.release !== null) this.#judgeRun(entry);
    else this.#judgeRelease(entry);
  }

  #judgeRelease(entry) {
    const { index, record, row } = entry;
    const mismatch = findMismatch(record, row, this.#request.restsOn);
    if (mismatch) this.violations.push(`entry ${index}: ${mismatch}`);
    else if (record.type !== "use") this.others += 1;
    else {
      this.uses += 1;
      if (this.#weigh(entry, index, record) !== null) this.sound += 1;
    }
  }

  // A use in a run is sound where the release's is, and nothing ended its consent since.
  #judgeRun(entry) {
    const { index, record: used, row, released } = entry;
    const other = findRunMismatch(used, this.#request);
    if (other) {
      this.violations.push(`entry ${index}: ${other}`);
      return;
    }
    this.uses += 1;
    const asset = used.asset.sha256;
    const what = `entry ${index}, asset ${asset}`;
    if (used.decision !== "clear") {
      this.violations.push(`${what}: its record says itself that the run should not have used it`);
      return;
    }
    if (released === null) {
      this.unverifiable.push(`entry ${index}: the release's record was not opened`);
      return;
    }
    const mismatch =
      findMismatch(released.record, row, this.#request.restsOn) ||
      findReleasedMismatch(used, released.record);
    if (mismatch) {
      this.violations.push(`entry ${index}: ${mismatch}`);
      return;
    }
    const statements = this.#weigh(entry, released.index, released.record);
    if (statements === null) return;
    const about = this.#revocationsOf(asset, used.purpose);
    if (about.some((one) => one.index > released.index && one.index < index)) {
      const detail = "its consent had been revoked in the log before the run was entered";
      this.violations.push(`${what}: ${detail}`);
      return;
    }
    // How fresh the statements were is the release's matter; whether a grant still ran is the run's.
    const timeless = statements.map((said) => ({ ...said, observedAt: null }));
    const approval = { approved: isApproved(released.record), revokedAt: null };
    if (findViolation(timeless, used.purpose, used.times.decided, this.#terms, approval)) {
      const detail =
        "its consent had ended when the run was entered, and when it ran is in no record";
      this.unverifiable.push(`${what}: ${detail}`);
    } else this.sound += 1;
  }

  // Weigh the consent for a release's use, whose record stands at a place; the statements, or null
  // where they do not allow it.
  #weigh(entry, place, record) {
    const { index, row, statements: texts } = entry;
    if (row !== null && !this.#lookAtEvidence(entry, record)) return null;
    if (texts === null || row === null || this.#terms === null) {
      this.unverifiable.push(`entry ${index}: its consent was not opened`);
      return null;
    }
    let statements;
    try {
      statements = texts.map(readStatement);
    } catch (error) {
      if (!(error instanceof CheckError)) throw error;
      this.unverifiable.push(`entry ${index}: ${error.message}`);
      return null;
    }
    let other = findUngrounded(record, row, texts);
    if (encode(statements.map(nameStatement)) !== encode(row.consent)) {
      other = "the statements are not those that the record and the manifest's row name";
    }
    if (other) {
      this.violations.push(`entry ${index}: ${other}`);
      return null;
    }
    if (other === null) this.ungrounded += 1;
    else this.grounded += 1;
    this.onChain += statements.filter(({ onChain }) => onChain !== "").length;
    const { sha256: asset } = record.asset;
    const earlier = this.#revocationsOf(asset, record.purpose)
      .filter((one) => one.index < place)
      .map((one) => one.decided);
    const why = findViolation(statements, record.purpose, record.times.decided, this.#terms, {
      approved: isApproved(record),
      revokedAt: earlier.reduce((last, at) => Math.max(last ?? at, at), null),
    });
    if (!why) return statements;
    this.violations.push(`entry ${index}, asset ${asset}: ${why}`);
    return null;
  }

  // Look for the bytes behind what was said; whether all of it is there or said not to be.
  #lookAtEvidence({ index, unkept }, record) {
    const gone = [];
    const { evidenceSha256, keptEvidence: recorded } = record.consent;
    for (const [place, digest] of evidenceSha256.entries()) {
      const name = `evidence/${digest}`;
      const file = path.join(this.#folder, name);
      const there = this.kept.has(digest) || fs.existsSync(file);
      if (unkept.includes(digest)) {
        if (there) {
          const detail = `entries/${index}.json says that ${name} was not kept, and it is there.`;
          throw new CheckError("evidence", detail);
        }
        if (recorded === undefined) this.unkept.add(digest);
        else if (!recorded.includes(place)) this.neverKept.add(digest);
        else {
          const detail = "was kept when the use was recorded, and is said not to have been";
          this.absent.push(`entry ${index}: ${name} ${detail}`);
          return false;
        }
      } else if (!there) gone.push(name);
      else if (!this.kept.has(digest)) {
        if (sha256(readFile(file, MAX_FILE_BYTES, name)).toString("hex") !== digest) {
          throw new CheckError("evidence", `${name} is not the evidence of that digest.`);
        }
        this.kept.add(digest);
      }
    }
    if (gone.length > 0) this.absent.push(`entry ${index}: ${gone.join(", ")} is missing`);
    return gone.length === 0;
  }

  #revocationsOf(asset, purpose) {
    return this.#revocations.get(pair(asset, purpose)) ?? [];
  }

  #read(name, index) {
    try {
      const data = readFile(path.join(this.#folder, name), MAX_ENTRY_BYTES, name);
      return readEntry(decodeFile(data), index, this.#request);
    } catch (error) {
      if (!(error instanceof CheckError) || error instanceof UncheckedError) throw error;
      throw new CheckError(error.check, `${name}: ${error.message}`);
    }
  }
}

const pair = (asset, purpose) => JSON.stringify([asset, purpose]);
