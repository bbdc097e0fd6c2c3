// What BWIPP says of element strings: a list of [identifier, data] pairs a line, answered by `ok` or its error.
import bwipjs from "bwip-js/node";
import { createInterface } from "node:readline";

/** Data as BWIPP reads it with `parse`: what it would take for syntax is written as a character number. */
const escaped = (data) =>
  data.replace(/[(^]/g, (character) => `^${String(character.charCodeAt(0)).padStart(3, "0")}`);

for await (const line of createInterface({ input: process.stdin })) {
  const text = JSON.parse(line)
    .map(([identifier, data]) => `(${identifier})${escaped(data)}`)
    .join("");
  let answer = "ok";
  try {
    bwipjs.raw({ bcid: "gs1datamatrix", text, parse: true });
  } catch (error) {
    answer = String(error.message ?? error).replace(/^bwipp\./, "").replace(/\s+/g, " ");
  }
  process.stdout.write(`${answer}\n`);
}
