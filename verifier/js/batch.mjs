// The signed statement about one batch: kiyome.batch/1 and /2.

import { encode, isObject, take, takeBytes, takeNumber, takeText } from "./canonical.mjs";
import { decodeBase64 } from "./note.mjs";
import { CheckError } from "./report.mjs";

const COUNTS = ["decide", "exclude", "revoke", "use"];
const COUNTED_IF_ANY = ["correct", "payout"];
const FIELDS = "batch_id counts first_index format leaves_sha256 root size stamped_at".split(" ");
const NEWER_FIELDS = ["manifest_sha256", "owners", "policy_sha256"];
const LEAST_OWNERS = 16;

/** What stands for a manifest or a policy where a batch is not of a release. */
export const NO_DIGEST = Buffer.alloc(32);

/** Read a batch's file, once the log's signature over it holds. */
export function openBatch(value, key) {
  const file = take(value, "batch's file", ["batch", "signature"]);
  const signature = decodeBase64(takeText(file.signature, "batch's signature"));
  const { batch } = file;
  const form = isObject(batch) ? batch.format : null;
  if (form !== "kiyome.batch/1" && form !== "kiyome.batch/2") {
    throw new CheckError("batch", "The batch is not of the format kiyome.batch/1 or kiyome.batch/2.");
  }
  const signed = Buffer.from(`${key.name}\n${form}\n${encode(batch)}\n`);
  if (signature === null || !key.signed(signed, signature)) {
    throw new CheckError(
      "batch",
      `The signature by ${key.name} does not hold: the batch was changed or forged.`,
    );
  }
  const newer = form === "kiyome.batch/2";
  take(batch, "batch", newer ? [...FIELDS, ...NEWER_FIELDS] : FIELDS);
  return read(batch, newer);
}

function read(batch, newer) {
  const id = takeText(batch.batch_id, "batch's id");
  const first = takeNumber(batch.first_index, "batch's first index");
  const size = takeNumber(batch.size, "size after the batch", first + 1);
  const head = { size, root: takeBytes(batch.root, "root after the batch") };
  const leaves = takeBytes(batch.leaves_sha256, "digest of the batch's leaves");
  takeNumber(batch.stamped_at, "batch's time");
  const counts = take(batch.counts, "batch's counts", COUNTS, COUNTED_IF_ANY);
  let total = 0;
  for (const name of COUNTS) total += takeNumber(counts[name], "batch's count");
  for (const name of COUNTED_IF_ANY) {
    if (name in counts) total += takeNumber(counts[name], "batch's count", 1);
  }
  let owners = null;
  let [manifest, policy] = [NO_DIGEST, NO_DIGEST];
  if (newer) {
    manifest = takeBytes(batch.manifest_sha256, "digest of the manifest");
    policy = takeBytes(batch.policy_sha256, "digest of the policy");
    const index = take(batch.owners, "batch's owner index", ["records", "root", "size"]);
    if (takeNumber(index.records, "number of owners' records") !== size - first) {
      throw new CheckError("sums", "The owners' records are not as many as the batch's leaves.");
    }
    const width = takeNumber(index.size, "size of the owner index", LEAST_OWNERS);
    if (!Number.isInteger(Math.log2(width))) {
      throw new CheckError("batch", "The size of the owner index is not a power of two.");
    }
    owners = { size: width, root: takeBytes(index.root, "root of the owner index") };
  }
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(id)) {
    throw new CheckError("batch", "The batch's id is not one that a batch can have.");
  }
  if (total !== size - first) {
    throw new CheckError("sums", "The batch's counts do not add up to its leaves.");
  }
  return { id, first, head, leaves, owners, counts, manifest, policy };
}
