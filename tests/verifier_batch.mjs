// Answers many questions to the verifier in JavaScript from one process: a line of JSON in, a line
// of JSON out. Names a file's bytes and the options, or a proof as it is.

import { createInterface } from "node:readline";

import { examineAudit } from "../verifier/js/auditing.mjs";
import { boundShare, countSample } from "../verifier/js/bounds.mjs";
import { findViolation, readStatement, readTerms } from "../verifier/js/consent.mjs";
import { compareHeads } from "../verifier/js/heads.mjs";
import { countRows } from "../verifier/js/manifest.mjs";
import { isConsistent, isIncluded } from "../verifier/js/merkle.mjs";
import { Key } from "../verifier/js/note.mjs";
import { examine } from "../verifier/js/proofs.mjs";

const unhex = (text) => Buffer.from(text, "hex");

async function answer(question) {
  const { ask } = question;
  if (ask === "inclusion") {
    const { leaf, index, size, path, root } = question;
    return isIncluded(unhex(leaf), index, size, path.map(unhex), unhex(root));
  }
  if (ask === "consistency") {
    const { old, oldRoot, size, root, path } = question;
    return isConsistent(old, unhex(oldRoot), size, unhex(root), path.map(unhex));
  }
  if (ask === "sample") {
    const { entries, uses, rate, confidence } = question;
    return countSample(entries, uses, BigInt(rate), BigInt(confidence));
  }
  if (ask === "bound") {
    return boundShare(question.drawn, question.violations, question.confidence);
  }
  if (ask === "rows") {
    try {
      return String(countRows(Buffer.from(question.data, "base64")));
    } catch (error) {
      return error.message;
    }
  }
  if (ask === "consent") {
    const { statements, purpose, at, policy, approved, revokedAt } = question;
    const terms = readTerms(Buffer.from(policy));
    const said = statements.map(readStatement);
    return findViolation(said, purpose, at, terms, { approved, revokedAt });
  }
  const trust = {
    key: question.key ? Key.parse(question.key) : null,
    kept: null,
    chain: null,
    leaf: question.leaf ? unhex(question.leaf) : null,
    ownerKey: question.ownerKey ? unhex(question.ownerKey) : null,
  };
  if (ask === "audit") {
    const kept = question.kept ? Buffer.from(question.kept, "base64") : null;
    return (await examineAudit(question.folder, trust, kept)).report();
  }
  const examined = await examine(question.name, Buffer.from(question.data, "base64"), trust);
  await compareHeads([examined], trust);
  return examined.report();
}

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  console.log(JSON.stringify(await answer(JSON.parse(line))));
}
