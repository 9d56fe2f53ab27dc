// An audit's folder: everything that an operator opened of the entries that a block drew.

import fs from "node:fs";
import path from "node:path";

import { UNIT, boundShare, ceil, fractionOf } from "./bounds.mjs";
import { MAX_FILE_BYTES, decodeFile } from "./canonical.mjs";
import { readTerms } from "./consent.mjs";
import { readRequest } from "./drawing.mjs";
import { readFile } from "./folder.mjs";
import { chooseKey } from "./heads.mjs";
import { countRows } from "./manifest.mjs";
import { sha256 } from "./merkle.mjs";
import { Key } from "./note.mjs";
import { CheckError, Examined, FAILED, NOTE, OK, UNCHECKED } from "./report.mjs";
import { MAX_ENTRY_BYTES, Weighed, readRevocations } from "./weighing.mjs";

const SHOWN = 100;
const DECIMALS = 4; // of a percentage, which is rounded up

/** Check an audit's folder. `kept` is the request as the auditor kept it, or null. */
export async function examineAudit(folder, trust, kept) {
  const examined = new Examined(folder, "audit");
  try {
    await check(examined, folder, trust, kept);
  } catch (error) {
    examined.checks.blame(error);
  }
  return examined;
}

async function check(examined, folder, trust, kept) {
  const { checks } = examined;
  const data = read(folder, "request.json", MAX_FILE_BYTES);
  const value = decodeFile(data);
  const named = Key.parse(typeof value.vkey === "string" ? value.vkey : "");
  examined.key = chooseKey(named, trust, checks);
  const request = readRequest(value, examined.key);
  examined.heads.push(request.head);
  checks.add("checkpoint", `The head of ${request.head.size} leaves is signed by the log.`);
  checks.add(
    "draw",
    `${request.positions.length} of the ${request.entries} entries of ${request.batch.id} ` +
      `follow from the block ${request.beacon.number}.`,
  );
  if (request.release !== null) {
    const detail = `${request.batch.id} is a training run's: it used ${request.release.id}.`;
    checks.add("run", detail);
  }
  checkRequest(checks, request, data, kept);
  await checkChain(checks, request, trust);
  const terms = readPolicy(checks, folder, request);
  checkSums(checks, folder, request, terms);
  const revocations = readRevocations(folder, request);
  checkRevocations(checks, request, revocations);
  const weighed = new Weighed(folder, request, terms, revocations);
  const ascending = request.positions.toSorted((one, other) => one - other);
  for (const index of ascending) weighed.judge(index);
  conclude(checks, request, weighed);
}

function checkRequest(checks, request, data, kept) {
  if (kept === null) {
    const detail =
      "Whether the request is the one that you made was not checked: give --request. " +
      "Another block, rate or number of revocations would make it another.";
    checks.add("request", detail, NOTE);
  } else if (!kept.equals(data)) {
    throw new CheckError("request", "The folder answers another request than the one you kept.");
  } else checks.add("request", "The folder answers the request that you kept.");
  if (request.beacon.byHand) {
    const detail =
      "The block's hash was typed in. Whoever chose it may have chosen the entries: take " +
      "it from a source that nobody here can bend.";
    checks.add("beacon", detail, NOTE);
  }
}

async function checkChain(checks, request, trust) {
  const { beacon, receipt } = request;
  if (receipt === null) {
    const detail =
      "The head is anchored nowhere: that the log was as it is before the block, nobody can " +
      "tell from this folder.";
    checks.add("receipt", detail, NOTE);
  } else if (trust.chain === null) {
    const detail =
      "Neither the receipt nor the block was looked up: give --rpc and --contract. Without " +
      "them the block's number and hash are the request's own word.";
    checks.add("receipt", detail, NOTE);
  } else {
    const anchored = await trust.chain.lookUp(receipt);
    await trust.chain.confirmBlock(beacon.number, `0x${beacon.hash.toString("hex")}`);
    checks.add("receipt", `${anchored} The block ${beacon.number} is final, and after it.`);
  }
}

function readPolicy(checks, folder, request) {
  if (!fs.existsSync(path.join(folder, "policy.json"))) {
    const detail = "The policy of the release was not opened: no use can be weighed.";
    checks.add("policy", detail, UNCHECKED);
    return null;
  }
  const data = read(folder, "policy.json", MAX_ENTRY_BYTES);
  if (!sha256(data).equals(request.restsOn.policy)) {
    throw new CheckError("policy", "The policy is not the one whose digest the batch signs.");
  }
  const terms = readTerms(data);
  const profile = terms.optOut ? "opt-out, silence is accepted" : "opt-in";
  checks.add("policy", `The policy is the one that the batch signs (${profile}).`);
  return terms;
}

function checkSums(checks, folder, request, terms) {
  const counts = Object.entries(request.batch.counts)
    .filter(([, count]) => count > 0)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, count]) => `${count} ${name}`)
    .join(", ");
  checks.add(
    "sums",
    `The signed counts (${counts}) and the owners' records both come to ${request.entries}.`,
  );
  if (!fs.existsSync(path.join(folder, "manifest.parquet"))) {
    const detail = "The manifest was not opened: how many assets it lists was not counted.";
    checks.add("manifest", detail, NOTE);
    return;
  }
  const data = read(folder, "manifest.parquet", MAX_FILE_BYTES);
  if (!sha256(data).equals(request.restsOn.manifest)) {
    throw new CheckError("manifest", "The manifest is not the one whose digest the batch signs.");
  }
  const rows = countRows(data);
  if (request.release !== null) {
    if (rows < BigInt(request.uses)) {
      const detail = `The manifest lists ${rows} assets, and the run counts ${request.uses} uses.`;
      throw new CheckError("manifest", detail);
    }
    checks.add(
      "manifest",
      `The manifest is the one that the release's batch signs; it lists ${rows} assets.`,
    );
    return;
  }
  const purposes = terms === null ? 1 : terms.purposes.length;
  if (rows * BigInt(purposes) !== BigInt(request.uses)) {
    throw new CheckError(
      "manifest",
      `The manifest lists ${rows} assets for ${purposes} purposes, and the batch counts ` +
        `${request.uses} uses.`,
    );
  }
  checks.add(
    "manifest",
    `The manifest is the one that the batch signs; its ${rows} assets are all the uses.`,
  );
}

function checkRevocations(checks, request, revocations) {
  const { what, revocations: all } = request;
  const opened = revocations.filter((one) => one.index < request.batch.first).length;
  if (opened > all) {
    const detail = `${opened} revocations were opened, and the request counts ${all}.`;
    throw new CheckError("revocations", detail);
  }
  if (opened === all) {
    const detail = `All ${opened} revocations that stand before the ${what} were opened.`;
    checks.add("revocations", detail);
    return;
  }
  const detail =
    `${opened} of the ${all} revocations that stand before the ${what} were opened: that none of ` +
    "the others is about a drawn use is the operator's word.";
  checks.add("revocations", detail, NOTE);
}

function conclude(checks, request, weighed) {
  const { uses, others, kept, unkept, neverKept, onChain, erased, sound } = weighed;
  const opened = uses + others;
  if (opened > 0) {
    checks.add(
      "entries",
      `${opened} of ${request.positions.length} drawn entries were opened and stand under the ` +
        `head: ${uses} uses, ${others} others.`,
    );
  }
  tellGrounds(checks, weighed);
  if (kept.size > 0) {
    const detail = `${kept.size} pieces of evidence were opened, and have the digests named.`;
    checks.add("evidence", detail);
  }
  if (unkept.size > 0) {
    const detail =
      `${unkept.size} pieces of evidence were not kept, says the operator: only their digests ` +
      "follow from the records.";
    checks.add("evidence", detail, NOTE);
  }
  if (neverKept.size > 0) {
    const detail =
      `${neverKept.size} pieces of evidence were not kept, and their uses' records say so: only ` +
      "their digests follow from the records.";
    checks.add("evidence", detail, NOTE);
  }
  if (onChain > 0) {
    const detail =
      `${onChain} statements name a chain and mostly a block that they were read at: a node of ` +
      "yours says whether they were.";
    checks.add("chain", detail, NOTE);
  }
  addAll(checks, "opened", weighed.missing, FAILED);
  addAll(checks, "evidence", weighed.absent, FAILED);
  addAll(checks, "violation", weighed.violations, FAILED);
  addAll(checks, "unverifiable", weighed.unverifiable, UNCHECKED);
  if (erased > 0) {
    const detail = `${erased} drawn entries are of erased owners: nothing can be shown of them.`;
    checks.add("erased", detail, NOTE);
  }
  if (sound > 0) {
    checks.add("consent", `${sound} of ${uses} drawn uses were consented to by what was opened.`);
  }
  bound(checks, request, weighed.counted);
}

function tellGrounds(checks, { grounded, ungrounded }) {
  if (grounded > 0) {
    const detail =
      `The manifest's row and the statements of ${grounded} uses are those whose digest their ` +
      "records hold.";
    checks.add("grounds", detail);
  }
  if (ungrounded > 0) {
    const detail =
      `The records of ${ungrounded} uses hold no digest of their grounds. Of the manifest's row, ` +
      "asset_id, decided_by, reasons and the carriers and evidence in consent follow from the " +
      "record; basis and the source, setter, trust and license_ref in consent are the operator's " +
      "word, and so is what the statements say.";
    checks.add("grounds", detail, NOTE);
  }
}

function bound(checks, request, counted) {
  const { confidence, entries, rate, uses } = request;
  const drawn = request.positions.length;
  const taken = `${counted} of ${drawn} drawn count as violations`;
  let [over, under] = [BigInt(counted), BigInt(uses)];
  let detail;
  if (drawn === entries) {
    detail = `Every entry was drawn: ${percent(over, under)} % of the uses violate (${taken}).`;
  } else {
    const share = boundShare(drawn, counted, Number(confidence) / Number(UNIT));
    [over, under] = fractionOf(share);
    [over, under] = [over * BigInt(entries), under * BigInt(uses)];
    if (over > under) [over, under] = [1n, 1n];
    detail =
      `With ${decimal(confidence * 100n, UNIT)} % confidence at most ${percent(over, under)} % of ` +
      `the uses violate (${taken}; Clopper-Pearson).`;
  }
  // A bound without a violation is what the number of entries was chosen for.
  const reached = counted === 0 || over * UNIT <= rate * under;
  if (!reached) {
    detail += ` That is more than the ${decimal(rate * 100n, UNIT)} % that were asked for.`;
  }
  checks.add("bound", detail, reached ? OK : UNCHECKED);
}

// A share as a percentage, rounded up.
function percent(over, under) {
  const unit = 10n ** BigInt(DECIMALS);
  return decimal(ceil(over * 100n * unit, under), unit);
}

// A number of units, of which a power of ten make one, without zeros at the end.
function decimal(count, unit) {
  const rest = String(count % unit).padStart(String(unit).length - 1, "0");
  const digits = rest.replace(/0+$/, "");
  return digits ? `${count / unit}.${digits}` : String(count / unit);
}

function addAll(checks, name, details, status) {
  const more = details.length - SHOWN;
  const shown = more > 0 ? [...details.slice(0, SHOWN), `and ${more} more`] : details;
  for (const detail of shown) {
    checks.add(name, `${detail[0].toUpperCase()}${detail.slice(1)}.`, status);
  }
}

const read = (folder, name, limit) => readFile(path.join(folder, name), limit, name);
