#!/usr/bin/env node
// node verify.mjs FILE... --key VKEY, node verify.mjs audit check FOLDER --request FILE --key VKEY
// Exits with 0 where all holds, 1 where something does not, 2 where it could not be checked.

import fs from "node:fs";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

import { examineAudit } from "./auditing.mjs";
import { MAX_FILE_BYTES } from "./canonical.mjs";
import { Chain } from "./chain.mjs";
import { examineFolder, readFile } from "./folder.mjs";
import { compareHeads } from "./heads.mjs";
import { Key, MAX_NOTE_BYTES, Note } from "./note.mjs";
import { examine } from "./proofs.mjs";
import { CheckError, EXIT_CODES, Examined, FORMAT, combine } from "./report.mjs";

const USAGE = `usage: verify.mjs [-h] [--key VKEY] [--rpc URL] [--contract 0x…]
                  [--checkpoint FILE] [--leaf HEX] [--owner-key FILE] [--json]
                  FILE [FILE ...]

       verify.mjs audit check [-h] [--key VKEY] [--rpc URL] [--contract 0x…]
                  [--request FILE] [--json] FOLDER

Verify files of a usage ledger, or a copy of its public folder; check what an operator opened for
an audit. A file of the name audit is ./audit.

  FILE               a file, or a public folder
  --key VKEY         the log's key, from a source you trust
  --rpc URL          a node of the chain that heads are anchored on
  --contract 0x…     the contract, from a source you trust
  --checkpoint FILE  a head that you kept from earlier
  --leaf HEX         the leaf hash that a C2SP proof is about
  --owner-key FILE   an owner's key: whether a tag is theirs
  --request FILE     the request of an audit, as you kept it
  --json             print the report as JSON`;
const MARKS = { ok: "ok  ", note: "note", failed: "FAIL", unchecked: "?   " };
const LAST_LINE = {
  holds: "Everything holds.",
  fails: "Something does not hold.",
  unchecked: "Something could not be checked.",
};

class UsageError extends Error {}

/** Verify files and folders, each by itself and all together. */
export async function verify(names, trust) {
  const examined = [];
  for (const name of names) examined.push(await examineOne(name, trust));
  await compareHeads(examined, trust);
  return examined.map((one) => one.report());
}

/** What the options say. */
export function readTrust(options) {
  const { key, rpc, contract, checkpoint, leaf, "owner-key": ownerKey } = options;
  if (rpc !== undefined && !/^https?:\/\//i.test(rpc)) {
    throw new UsageError("--rpc is not an http or https address.");
  }
  if (contract !== undefined && (rpc === undefined || !/^0x[0-9a-fA-F]{40}$/.test(contract))) {
    throw new UsageError("--contract is an address (0x and 40 hex digits), and needs --rpc.");
  }
  if (leaf !== undefined && !/^[0-9a-f]{64}$/.test(leaf)) {
    throw new UsageError("--leaf is not a hash of 64 lower-case hex digits.");
  }
  try {
    let secret = null;
    if (ownerKey !== undefined) secret = readFile(ownerKey, 100, "--owner-key").toString().trim();
    if (secret !== null && !/^[0-9a-f]{64}$/.test(secret)) {
      throw new UsageError("--owner-key is not a file of 64 lower-case hex digits.");
    }
    return {
      key: key === undefined ? null : Key.parse(key),
      kept: checkpoint === undefined ? null : Note.parse(read(checkpoint, MAX_NOTE_BYTES)),
      chain: rpc === undefined ? null : new Chain(rpc, contract?.toLowerCase() ?? null),
      leaf: leaf === undefined ? null : Buffer.from(leaf, "hex"),
      ownerKey: secret === null ? null : Buffer.from(secret, "hex"),
    };
  } catch (error) {
    if (error instanceof CheckError) throw new UsageError(error.message);
    throw error;
  }
}

const TEXT = { type: "string" };
const ALWAYS = {
  key: TEXT,
  rpc: TEXT,
  contract: TEXT,
  json: { type: "boolean" },
  help: { type: "boolean", short: "h" },
};
const OF_FILES = { ...ALWAYS, checkpoint: TEXT, leaf: TEXT, "owner-key": TEXT };
const OF_AUDITS = { ...ALWAYS, request: TEXT };

async function main(words) {
  const audits = words[0] === "audit";
  let given;
  let trust;
  let kept = null;
  try {
    const args = audits ? words.slice(1) : words;
    const options = audits ? OF_AUDITS : OF_FILES;
    given = parseArgs({ args, options, allowPositionals: true });
    if (given.values.help) {
      console.log(USAGE);
      return 0;
    }
    if (audits) readStep(given.positionals);
    if (given.positionals.length === 0) throw new UsageError("Name a file.");
    trust = readTrust(given.values);
    const { request } = given.values;
    if (request !== undefined) kept = readFile(request, MAX_FILE_BYTES, "--request");
  } catch (error) {
    const usage = error instanceof UsageError || error.code?.startsWith("ERR_PARSE_ARGS");
    if (!usage && !(error instanceof CheckError)) throw error;
    console.error(escape(`verifier: ${error.message}`));
    return 2;
  }
  const files = audits
    ? [(await examineAudit(given.positionals[0], trust, kept)).report()]
    : await verify(given.positionals, trust);
  const outcome = combine(files);
  if (given.values.json) console.log(JSON.stringify({ files, format: FORMAT, outcome }, null, 1));
  else {
    const lines = files.flatMap(({ file, kind, checks }) => [
      `${file} (${kind})`,
      ...checks.map(({ status, name, detail }) => `  ${MARKS[status]}  ${name}: ${detail}`),
    ]);
    console.log([...lines, LAST_LINE[outcome]].map(escape).join("\n"));
  }
  return EXIT_CODES[outcome];
}

// What stands behind `audit`: `check`, and a folder.
function readStep(positionals) {
  const step = positionals.shift();
  if (step === "draw") {
    throw new UsageError(
      "Entries are drawn in Python (python -m verifier audit draw); check draws them again.",
    );
  }
  if (step !== "check" || positionals.length !== 1) {
    throw new UsageError("Audits are checked with: audit check FOLDER.");
  }
}

async function examineOne(name, trust) {
  try {
    if (isFolder(name)) return await examineFolder(name, name, trust);
    return await examine(name, read(name, MAX_FILE_BYTES), trust);
  } catch (error) {
    const examined = new Examined(name);
    examined.checks.blame(error);
    return examined;
  }
}

function isFolder(name) {
  try {
    return fs.statSync(name).isDirectory();
  } catch {
    return false;
  }
}

const read = (name, limit) => readFile(name, limit, "The file");

// Text as it is safe to show on a terminal.
const escape = (text) =>
  text.replace(/[\p{C}\p{Z}]/gu, (c) => (c === " " ? c : `\\u{${c.codePointAt(0).toString(16)}}`));

if (import.meta.url === pathToFileURL(fs.realpathSync(process.argv[1] ?? ".")).href) {
  process.exitCode = await main(process.argv.slice(2));
}
