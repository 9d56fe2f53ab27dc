// Whether the heads that several sources show are of one log, which only ever grew.

import { CheckError, FAILED, NOTE, OK, UNCHECKED } from "./report.mjs";

/** The key that counts: the one that was given, which has to be the one in the file. */
export function chooseKey(named, trust, checks) {
  if (trust.key === null) {
    checks.add(
      "key",
      `The log is ${named.name}. Its key comes from the file itself: without --key this ` +
        "proves only that the file agrees with itself.",
      NOTE,
    );
  } else if (trust.key.vkey !== named.vkey) {
    throw new CheckError(
      "key",
      `The file is of the key ${named.vkey}, which is not the one that was given.`,
    );
  } else checks.add("key", `The log is ${named.name}, with the key that was given.`);
  return named;
}

/** Add the checks fork, history, receipt and contract. */
export async function compareHeads(files, trust) {
  const links = files.flatMap((examined) => examined.links);
  const shown = new Map();
  for (const examined of files) {
    if (examined.key === null || examined.heads.length === 0) continue;
    for (const { size, root } of examined.heads) {
      const place = `${examined.key.vkey} ${size}`;
      if (!shown.has(place)) shown.set(place, root);
      if (!shown.get(place).equals(root)) {
        const detail = `Another file shows another root for the size ${size}: the log was forked.`;
        examined.checks.add("fork", detail, FAILED);
      }
    }
    if (trust.kept !== null) compareKept(examined, trust.kept, links);
    if (trust.chain !== null) await compareChain(examined, trust.chain, links);
    else if (examined.receipts.length > 0) {
      const detail = "No receipt was looked up on a chain: give --rpc and --contract.";
      examined.checks.add("receipt", detail, NOTE);
    }
  }
}

function compareKept(examined, kept, links) {
  try {
    compare(examined, kept.check(examined.key), "history", "checkpoint that was kept", links);
  } catch (error) {
    if (!(error instanceof CheckError)) throw error;
    const detail = `The checkpoint that was kept: ${error.message}`;
    examined.checks.add("history", detail, FAILED);
  }
}

async function compareChain(examined, chain, links) {
  let anchored = 0;
  for (const receipt of examined.receipts) {
    let detail;
    if (examined.prefixes !== null && ![null, receipt.contract].includes(chain.contract)) {
      // The whole folder is compared with the given contract; a log may have had others.
      detail =
        `The receipt of ${receipt.size} leaves is of another contract, ${receipt.contract}: ` +
        "it was not looked up.";
      examined.checks.add("receipt", detail, NOTE);
      continue;
    }
    try {
      detail = await chain.lookUp(receipt);
    } catch (error) {
      examined.checks.blame(error);
      continue;
    }
    if (examined.prefixes === null && !leads(examined.heads[0], receipt, links)) {
      detail +=
        ` Nothing here shows that the head of ${examined.heads[0].size} leaves leads to ` +
        "it: give a consistency file between them as well.";
      examined.checks.add("receipt", detail, UNCHECKED);
      continue;
    }
    examined.checks.add("receipt", detail);
    anchored = receipt.size;
  }
  const address = chain.contract ?? examined.receipts.at(-1)?.contract ?? null;
  if (address === null) {
    examined.checks.add("contract", "No contract was asked: give --contract.", UNCHECKED);
    return;
  }
  let head;
  try {
    head = await chain.head(address);
  } catch (error) {
    examined.checks.blame(error);
    return;
  }
  if (head.size === 0) {
    const detail = "The contract holds no head yet: nothing here is anchored.";
    examined.checks.add("contract", detail, UNCHECKED);
  } else if (examined.prefixes === null && anchored > 0 && head.size > anchored) {
    const detail = `The contract, which never forgets a head, has grown to ${head.size} leaves.`;
    examined.checks.add("contract", detail);
  } else compare(examined, head, "contract", "finalized head of the contract", links);
}

function compare(examined, known, name, what, links) {
  const { prefixes, checks } = examined;
  const head = examined.heads[0];
  const forked = examined.heads.some((h) => h.size === known.size && !h.root.equals(known.root));
  if (forked) {
    const detail = `The ${what} has another root for the size ${known.size}: the log was forked.`;
    checks.add(name, detail, FAILED);
  } else if (prefixes !== null && known.size > head.size) {
    const detail =
      `The ${what} has ${known.size} leaves, and this folder only ${head.size}: it was cut ` +
      "back, or is an old copy.";
    checks.add(name, detail, FAILED);
  } else if (prefixes !== null) {
    const fits = prefixes.get(known.size)?.equals(known.root) ?? false;
    const verb = fits ? "is" : "is not";
    const detail = `The ${what}, of ${known.size} leaves, ${verb} a beginning of this log.`;
    checks.add(name, detail, fits ? OK : FAILED);
  } else if (known.size === 0 || leads(head, known, links)) {
    checks.add(name, `The ${what}, of ${known.size} leaves, is of the same log.`);
  } else {
    const detail =
      `Nothing here shows that the ${what}, of ${known.size} leaves, and the head of ` +
      `${head.size} leaves are of one log: give a consistency file between them as well.`;
    checks.add(name, detail, UNCHECKED);
  }
}

// Whether the smaller head is shown to be a beginning of the larger.
function leads(one, other, links) {
  const name = ({ size, root }) => `${size} ${root.toString("hex")}`;
  const [start, goal] = [one, other].sort((a, b) => a.size - b.size).map(name);
  const reached = new Set([start]);
  for (let found = true; found && !reached.has(goal); ) {
    found = false;
    for (const [before, after] of links) {
      if (reached.has(name(before)) && !reached.has(name(after))) {
        reached.add(name(after));
        found = true;
      }
    }
  }
  return reached.has(goal);
}
