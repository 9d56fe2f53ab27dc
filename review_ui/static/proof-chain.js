// Asks a chain, by plain JSON-RPC, whether it holds the head that a proof is under.

import { concat, encodeNumber, fromHex, isSame, toHex } from "./proof-bytes.js";
import { blame, conclude, examine, pass } from "./proof-files.js";
import { CheckError, UncheckedError } from "./proof-reading.js";

// The first four bytes of Keccak-256 over the functions' signatures.
const HEAD = "0x8f7dcfa3"; // head()
const VERIFY_INCLUSION = "0xaf430708"; // verifyInclusion(bytes32,uint256,bytes32[])
const FINAL = "finalized";
const TIMEOUT_MS = 20_000;
const MOST_LEAVES = 5;

/**
 * Add to a report that holds what the chain says.
 *
 * `chain` has `rpc`, `contract` and `chainId` (0: any); `fetchGrowth(old, new)` resolves to a
 * consistency file between two heads, or null.
 */
export async function askChain(report, vkey, chain, fetchGrowth) {
  if (report.outcome !== "holds" || report.kind === "consistency") return report;
  try {
    const id = Number(await ask(chain, "eth_chainId", []));
    if (!Number.isSafeInteger(id)) throw new UncheckedError("chain", "chain.away");
    if (chain.chainId && id !== chain.chainId) throw new UncheckedError("chain", "chain.other");
    const known = await readHead(chain);
    if (known.size === 0) throw new UncheckedError("chain", "chain.empty");
    await compare(report, vkey, known, fetchGrowth);
    pass(report, "chain", { size: known.size, chain: id });
    if (known.size === report.head.size) await verifyThere(report, chain);
  } catch (error) {
    blame(report, error);
  }
  return conclude(report);
}

async function compare(report, vkey, known, fetchGrowth) {
  const { head } = report;
  if (known.size === head.size) {
    if (!isSame(known.root, head.root)) throw new CheckError("chain", "chain.fork");
    return;
  }
  const [old, later] = known.size < head.size ? [known, head] : [head, known];
  const data = await fetchGrowth(old.size, later.size);
  const growth = data === null ? null : await examine(data, vkey);
  if (growth?.outcome !== "holds" || growth.kind !== "consistency") {
    throw new UncheckedError("chain", "chain.link");
  }
  const ends = [
    [growth.old, old],
    [growth.head, later],
  ];
  for (const [shown, wanted] of ends) {
    if (shown.size !== wanted.size) throw new UncheckedError("chain", "chain.link");
    if (!isSame(shown.root, wanted.root)) throw new CheckError("chain", "chain.fork");
  }
  const last = report.batch ? report.batch.size - 1 : (report.records[0]?.index ?? 0);
  if (last >= known.size) throw new UncheckedError("chain", "chain.later");
}

// The contract computes the path itself: a second opinion on the first few records.
async function verifyThere(report, chain) {
  const records = report.records.slice(0, MOST_LEAVES);
  for (const { leaf, index, path } of records) {
    const data = VERIFY_INCLUSION + toHex(encodeCall(leaf, index, path));
    const answer = await call(chain, data);
    if (!answer.endsWith("1") || Number(answer) !== 1) throw new CheckError("contract");
  }
  if (records.length > 0) pass(report, "contract", { count: records.length });
}

function encodeCall(leaf, index, path) {
  const word = (value) => concat(new Uint8Array(24), encodeNumber(value));
  return concat(leaf, word(index), word(96), word(path.length), ...path);
}

async function readHead(chain) {
  const answer = await call(chain, HEAD);
  const words = /^0x([0-9a-f]{64})([0-9a-f]{64})([0-9a-f]{64})$/.exec(answer);
  const size = words ? Number(BigInt(`0x${words[1]}`)) : NaN;
  if (!Number.isSafeInteger(size)) throw new UncheckedError("chain", "chain.contract");
  return { size, root: fromHex(words[3], 32) };
}

async function call(chain, data) {
  const answer = await ask(chain, "eth_call", [{ to: chain.contract, data }, FINAL]);
  if (typeof answer !== "string") throw new UncheckedError("chain", "chain.away");
  return answer;
}

async function ask(chain, method, params) {
  let said;
  try {
    const response = await fetch(chain.rpc, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
      credentials: "omit",
      referrerPolicy: "no-referrer",
    });
    said = await response.json();
  } catch {
    throw new UncheckedError("chain", "chain.away");
  }
  if (said === null || typeof said !== "object" || !("result" in said)) {
    throw new UncheckedError("chain", "chain.away");
  }
  return said.result;
}
