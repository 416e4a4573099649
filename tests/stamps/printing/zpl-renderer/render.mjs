// Reads {zpl, width, height, dpmm} as JSON from standard input, writes a JSON list of PNGs in base64.
import { readFileSync } from "node:fs";
import { ready } from "zpl-renderer-js";

const { zpl, width, height, dpmm } = JSON.parse(readFileSync(0, "utf8"));
const { api } = await ready;
const pictures = await api.zplToBase64MultipleAsync(zpl, width, height, dpmm);
process.stdout.write(JSON.stringify(pictures), () => process.exit(0));
