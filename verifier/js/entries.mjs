// Files of an audit: an entry that was opened or said to be erased, and a revocation. An entry of
// a training run comes with the entry of the release about the same asset, under the same head:
// consent was decided there.

import { encode, isObject, take, takeBytes, takeNumber, takePath, takeText } from "./canonical.mjs";
import { RELEASE_DIGITS } from "./drawing.mjs";
import { hashEntry, isIncluded, sha256 } from "./merkle.mjs";
import { CheckError, UncheckedError } from "./report.mjs";

const ENTRY = "kiyome.audited-entry/2";
const RUN_ENTRY = "kiyome.audited-run-entry/2";
const OLDER = { [ENTRY]: "kiyome.audited-entry/1", [RUN_ENTRY]: "kiyome.audited-run-entry/1" };
const REVOCATION = "kiyome.audited-revocation/1";
const PLACE = ["format", "index", "leaf", "path"];
const ROW = ["asset_id", "basis", "consent", "decided_by", "reasons"];
const CONSENT = ["carrier", "evidence_sha256", "license_ref", "setter", "source", "trust"];
const GROUNDS = ["basis", "consent", "decided_by", "reasons"];
const NO_RECORD = "its record is none of a log";

class NoRecord extends Error {}

/** An entry is of a format from before this one, so that nothing follows from it. */
export class OlderError extends UncheckedError {}

/** Read the file of a drawn entry, once it stands under the head. `record` is null if erased. */
export function readEntry(value, index, request) {
  const [form, more] = request.release === null ? [ENTRY, []] : [RUN_ENTRY, ["released"]];
  if (value.format === OLDER[form]) {
    const older = `entry ${index} is of the older format ${value.format}`;
    throw new OlderError("entry", `${older}: ask the operator to open it again, as ${form}`);
  }
  if (value.format !== form) {
    throw new CheckError("entry", `The entry is not of the format ${form}.`);
  }
  if (Object.hasOwn(value, "erased")) {
    take(value, "entry", [...PLACE, "erased"]);
    checkPlace(value, index, request.head);
    checkErased(value.erased, request);
    return { index, record: null };
  }
  const fields = ["evidence_not_kept", "manifest_row", "opening", "statements"];
  take(value, "entry", [...PLACE, ...fields, ...more]);
  const record = open(value, index, request.head);
  const released = request.release === null ? null : readReleased(value.released, request);
  const { evidence_not_kept: unkept, manifest_row: row, statements } = value;
  if (row !== null) checkRow(row);
  if (statements !== null && !isTexts(statements)) {
    throw new CheckError("entry", "The statements are not a list of texts.");
  }
  if (!isTexts(unkept)) {
    throw new CheckError("entry", "The evidence that was not kept is not a list of digests.");
  }
  return { index, record, row, statements, unkept, released };
}

/** Read the file of a revocation, once it stands under the head. */
export function readRevocation(value, index, request) {
  take(value, "revocation", [...PLACE, "opening"]);
  if (value.format !== REVOCATION) {
    throw new CheckError("revocation", `The file is not of the format ${REVOCATION}.`);
  }
  const record = open(value, index, request.head);
  try {
    if (of(record, "type") !== "revoke") {
      throw new CheckError("revocation", `The entry ${index} is no revocation.`);
    }
    return {
      index,
      asset: takeText(of(record, "asset", "sha256"), "asset"),
      purpose: takeText(of(record, "purpose"), "purpose"),
      decided: takeNumber(of(record, "times", "decided"), "time of a record"),
    };
  } catch (error) {
    if (!(error instanceof NoRecord)) throw error;
    throw new CheckError("revocation", `The record of entry ${index} is none of a log.`);
  }
}

/** What of a record of a release or its row does not belong there; empty where all does. */
export function findMismatch(record, row, batch) {
  return naming(() => {
    const why = findOtherFiles(record, batch);
    if (why) return why;
    if (of(record, "type") === "use" && of(record, "decision") !== "clear") {
      return "its record is of a use that was not clear";
    }
    takeNumber(of(record, "times", "decided"), "time of a record");
    takeText(of(record, "purpose"), "purpose");
    if (row === null) return "";
    const named = [
      of(record, "asset", "sha256"),
      isApproved(record) ? "ruling" : "machine",
      sorted(of(record, "reasons")),
      sorted(of(record, "consent", "carriers")),
      digests(of(record, "consent", "evidenceSha256")),
    ];
    checkKept(record.consent);
    const shownDigests = row.consent.map((one) => one.evidence_sha256).filter(Boolean);
    const shown = [
      row.asset_id,
      row.decided_by,
      sorted(row.reasons),
      sorted([...new Set(row.consent.map((one) => one.carrier))]),
      sorted([...new Set(shownDigests)]),
    ];
    const same = encode(shown) === encode(named);
    return same ? "" : "the manifest's row is not about what its record says";
  });
}

/** Whether a record says that a person approved its use. */
export const isApproved = ({ review }) => isObject(review) && review.ruling === "approve";

/**
 * Why a row and statements are not what a record commits to; empty where they are, null where the
 * record holds no digest of them.
 */
export function findUngrounded(record, row, statements) {
  const digest = record.consent.groundsSha256 ?? null;
  if (digest === null) return null;
  const grounds = Object.fromEntries(GROUNDS.map((name) => [name, row[name]]));
  if (sha256(encode({ ...grounds, statements })).toString("hex") === digest) return "";
  return "the manifest's row and the statements are not those whose digest its record holds";
}

/** What of a record of a run does not belong to its batch; empty where all does. */
export function findRunMismatch(record, request) {
  return naming(() => {
    const why = findOtherFiles(record, request.restsOn);
    if (why) return why;
    const run = takeText(of(record, "run", "run"), "run");
    const name = `run-${run}-${request.restsOn.id.slice(0, RELEASE_DIGITS)}`;
    if (of(record, "type") !== "use" || name !== request.batch.id) {
      return "its record is not of a use in that run";
    }
    takeNumber(of(record, "times", "decided"), "time of a record");
    takeNumber(of(record, "run", "samples"), "number of samples", 1);
    takeText(of(record, "purpose"), "purpose");
    takeBytes(of(record, "asset", "sha256"), "asset");
    return takeText(of(record, "decision"), "decision") ? "" : NO_RECORD;
  });
}

/** What of a release's record is not about the use in a run; empty where all is. */
export function findReleasedMismatch(used, released) {
  return naming(() => {
    const same =
      of(released, "type") === "use" &&
      !Object.hasOwn(released, "run") &&
      of(released, "asset", "sha256") === used.asset.sha256 &&
      of(released, "purpose") === used.purpose;
    return same ? "" : "the release's record is not of a use of that asset for that purpose";
  });
}

function naming(find) {
  try {
    return find();
  } catch (error) {
    if (error instanceof NoRecord || error instanceof CheckError) return NO_RECORD;
    throw error;
  }
}

// The evidence that was kept is named by its places among all of it.
function checkKept({ evidenceSha256, keptEvidence: places = [] }) {
  const known = (place) => takeNumber(place, "place of evidence") < evidenceSha256.length;
  if (!Array.isArray(places) || !places.every(known)) throw new NoRecord();
}

function findOtherFiles(record, batch) {
  const manifest = of(record, "dataset", "manifestSha256");
  const policy = of(record, "policy", "sha256");
  if (manifest !== batch.manifest.toString("hex")) {
    return "its record names another manifest than the batch";
  }
  if (policy !== batch.policy.toString("hex")) {
    return "its record names another policy than the batch";
  }
  return "";
}

function checkErased(value, request) {
  const { erasures } = take(value, "erasure", ["erasures"]);
  if (!Array.isArray(erasures) || erasures.length === 0) {
    throw new CheckError("entry", "The entry names no erasure that it can be among.");
  }
  for (const one of erasures) {
    take(one, "erasure", ["erased_at", "size"]);
    takeNumber(one.erased_at, "time of an erasure");
    takeNumber(one.size, "size at an erasure", request.batch.first + 1);
  }
}

function readReleased(value, request) {
  if (value === null) return null;
  take(value, "release's entry", ["index", "leaf", "opening", "path"]);
  const index = takeNumber(value.index, "index");
  if (!(index >= request.restsOn.first && index < request.restsOn.head.size)) {
    throw new CheckError("entry", `The entry ${index} is not of the release.`);
  }
  return { index, record: open(value, index, request.head) };
}

function checkPlace(value, index, head) {
  const leaf = takeBytes(value.leaf, "leaf");
  const path = takePath(value.path, "path");
  if (takeNumber(value.index, "index") !== index) {
    throw new CheckError("entry", `The file is of the entry ${value.index}.`);
  }
  if (!isIncluded(leaf, index, head.size, path, head.root)) {
    throw new CheckError(
      "inclusion",
      `The path does not lead from the leaf at ${index} to the signed root.`,
    );
  }
  return leaf;
}

// The record that a leaf under the head commits to.
function open(value, index, head) {
  const leaf = checkPlace(value, index, head);
  const { record, salt } = take(value.opening, "opening", ["record", "salt"]);
  const blinding = takeBytes(salt, "salt");
  if (!isObject(record)) throw new CheckError("entry", "The record is not an object.");
  const commitment = sha256(Buffer.from("com1"), blinding, Buffer.from(encode(record)));
  if (!hashEntry(commitment).equals(leaf)) {
    throw new CheckError("opening", `The record is not what the leaf at ${index} commits to.`);
  }
  return record;
}

function checkRow(row) {
  take(row, "manifest's row", ROW);
  if ([row.consent, row.basis, row.reasons].every(Array.isArray)) {
    for (const one of row.consent) take(one, "consent in the manifest's row", CONSENT);
    const said = row.consent.flatMap((one) => Object.values(one));
    if (isTexts([row.asset_id, row.decided_by, ...row.basis, ...row.reasons, ...said])) return;
  }
  throw new CheckError("entry", "The manifest's row is not written as one.");
}

const isTexts = (value) => Array.isArray(value) && value.every((one) => typeof one === "string");

// A list of texts in one order, whichever that is.
function sorted(value) {
  if (!isTexts(value)) throw new NoRecord();
  return [...value].sort();
}

// A list of digests, likewise.
function digests(value) {
  if (!Array.isArray(value)) throw new NoRecord();
  return sorted(value.map((one) => takeBytes(one, "digest").toString("hex")));
}

function of(value, ...names) {
  let part = value;
  for (const name of names) {
    if (!isObject(part) || !Object.hasOwn(part, name)) throw new NoRecord();
    part = part[name];
  }
  return part;
}
