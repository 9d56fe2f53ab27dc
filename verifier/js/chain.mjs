// Receipts and heads on an EVM chain, read with viem. It is loaded only when a chain is asked:
// everything offline works without a single package.

import { isObject, take, takeBytes, takeNumber } from "./canonical.mjs";
import { CheckError, UncheckedError } from "./report.mjs";

export const RECEIPT = "kiyome.receipt/1";
const TIMEOUT_MS = 20_000;
const FIELDS = [
  "block_hash",
  "block_number",
  "chain_id",
  "contract",
  "format",
  "log_index",
  "manifest",
  "root",
  "sequence",
  "size",
  "tx_hash",
];
const ABI = [
  "event Anchored(uint256 indexed sequence, uint256 size, bytes32 root, bytes32 manifest)",
  "function head() view returns (uint256 size, uint256 sequence, bytes32 root)",
];

/** Read kiyome.receipt/1. */
export function parseReceipt(value) {
  take(value, "receipt", FIELDS);
  if (value.format !== RECEIPT) {
    throw new CheckError("receipt", `The receipt is not of the format ${RECEIPT}.`);
  }
  takeBytes(value.block_hash, "receipt's block_hash", 32, "0x");
  takeBytes(value.contract, "receipt's contract", 20, "0x");
  takeBytes(value.tx_hash, "receipt's tx_hash", 32, "0x");
  return {
    blockHash: value.block_hash,
    blockNumber: takeNumber(value.block_number, "receipt's block_number"),
    chainId: takeNumber(value.chain_id, "receipt's chain_id", 1),
    contract: value.contract,
    logIndex: takeNumber(value.log_index, "receipt's log_index"),
    manifest: takeBytes(value.manifest, "receipt's manifest"),
    root: takeBytes(value.root, "receipt's root"),
    sequence: takeNumber(value.sequence, "receipt's sequence", 1),
    size: takeNumber(value.size, "receipt's size", 1),
    txHash: value.tx_hash,
  };
}

/** A node, and the contract that the person who verifies trusts (lower case), if any. */
export class Chain {
  #url; // may hold a password and is never shown
  #kept = new Map();

  constructor(url, contract) {
    this.#url = url;
    this.contract = contract;
  }

  /** A sentence about the receipt, once the chain says the same and it is final. */
  async lookUp(receipt) {
    if (this.contract !== null && this.contract !== receipt.contract) {
      throw deny(`is of the contract ${receipt.contract}, not of the one that was given`);
    }
    const chainId = readQuantity(await this.#once("id", request("eth_chainId")));
    if (chainId !== receipt.chainId) {
      throw deny(`is of the chain ${receipt.chainId}, and the node of the chain ${chainId}`);
    }
    const found = await this.#ask(request("eth_getTransactionReceipt", receipt.txHash));
    if (found === null) throw deny("names a transaction that the node does not know");
    await this.#compareLog(receipt, readObject(found));
    if ((await this.#blockHash(receipt.blockNumber)) !== receipt.blockHash) {
      throw deny("names a block that is no longer part of the chain");
    }
    if ((await this.#finalized()) < receipt.blockNumber) {
      throw deny("names a block that is not final yet");
    }
    const caveat = this.contract
      ? ""
      : " The contract is the receipt's own word: give --contract.";
    return (
      `The head of ${receipt.size} leaves was anchored as number ${receipt.sequence}, in the ` +
      `finalized block ${receipt.blockNumber}.${caveat}`
    );
  }

  /** Make sure that a block has a hash, and is final. */
  async confirmBlock(number, hash) {
    if ((await this.#finalized()) < number) {
      throw new CheckError("beacon", `The block ${number} is not final yet.`);
    }
    if ((await this.#blockHash(number)) !== hash) {
      throw new CheckError("beacon", `The block ${number} of the chain has another hash.`);
    }
  }

  /** The head that a contract held at the last finalized block. */
  async head(contract) {
    const block = `0x${(await this.#finalized()).toString(16)}`;
    const answer = await this.#once(`head ${contract}`, async (node) => {
      const { viem, abi } = node;
      const call = { data: viem.encodeFunctionData({ abi, functionName: "head" }), to: contract };
      const data = await request("eth_call", call, block)(node);
      if (typeof data !== "string" || !/^0x([0-9a-f]{64}){3}$/.test(data)) return null;
      return viem.decodeFunctionResult({ abi, functionName: "head", data });
    });
    if (answer === null || answer[0] > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw new CheckError("contract", "There is no usage ledger at the contract's address.");
    }
    return { size: Number(answer[0]), root: Buffer.from(answer[2].slice(2), "hex") };
  }

  async #compareLog(receipt, found) {
    if (found.status !== "0x1") throw deny("names a transaction that was reverted");
    const number = readQuantity(found.blockNumber);
    if (found.blockHash !== receipt.blockHash || number !== receipt.blockNumber) {
      throw deny("names a transaction that stands in another block");
    }
    const logs = Array.isArray(found.logs) ? found.logs : [];
    const log = logs.find((one) => readQuantity(readObject(one).logIndex) === receipt.logIndex);
    if (log === undefined) throw deny("names an event that the transaction does not have");
    const said = await this.#ask(({ viem, abi }) => decodeAnchored(viem, abi, log));
    const expected = {
      sequence: BigInt(receipt.sequence),
      size: BigInt(receipt.size),
      root: `0x${receipt.root.toString("hex")}`,
      manifest: `0x${receipt.manifest.toString("hex")}`,
    };
    const same = said !== null && Object.keys(expected).every((n) => said[n] === expected[n]);
    if (!same || String(log.address).toLowerCase() !== receipt.contract) {
      throw deny("is not what the contract said: its event is about something else");
    }
  }

  async #blockHash(number) {
    const asked = request("eth_getBlockByNumber", `0x${number.toString(16)}`, false);
    return readObject(await this.#ask(asked)).hash;
  }

  async #finalized() {
    const block = await this.#once("final", request("eth_getBlockByNumber", "finalized", false));
    return readQuantity(readObject(block).number);
  }

  // The same answer for one run: heads have to be compared at one point in time.
  #once(name, question) {
    if (!this.#kept.has(name)) this.#kept.set(name, this.#ask(question));
    return this.#kept.get(name);
  }

  async #ask(question) {
    let viem;
    try {
      viem = await import("viem");
    } catch {
      throw new UncheckedError("chain", "viem is not installed: run npm install in verifier/js.");
    }
    const transport = viem.http(this.#url, { retryCount: 0, timeout: TIMEOUT_MS });
    const client = viem.createPublicClient({ transport });
    try {
      return await question({ client, viem, abi: viem.parseAbi(ABI) });
    } catch {
      throw mute();
    }
  }
}

// viem reads answers leniently, so that they are asked for as they are, and read here.
const request =
  (method, ...params) =>
  ({ client }) =>
    client.request({ method, params });

function readObject(value) {
  if (!isObject(value)) throw mute();
  return value;
}

function readQuantity(value) {
  if (typeof value !== "string" || !/^0x(0|[1-9a-f][0-9a-f]{0,13})$/.test(value)) throw mute();
  if (!Number.isSafeInteger(Number(value))) throw mute();
  return Number(value);
}

// What an event says, or null where it is not Anchored.
function decodeAnchored(viem, abi, { data, topics }) {
  try {
    return viem.decodeEventLog({ abi, data, topics, strict: true }).args;
  } catch {
    return null;
  }
}

const deny = (problem) => new CheckError("receipt", `The receipt ${problem}.`);
const mute = () => new UncheckedError("chain", "The node gives no answer that can be used.");
