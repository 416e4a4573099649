/** The public folder of the service, over HTTP, as any static host serves it. */

import type { Source } from "../bundle/source";

/** The host does not answer, or not with a file. */
export class NoAnswer extends Error {}

/** Milliseconds in which one file has to arrive. */
const PATIENCE = 120_000;

/** `base`: the folder's address, with a slash at its end. Reading throws `NoAnswer`. */
export function siteSource(base: string, provinces: string[] | null): Source {
  return {
    provinces,
    async read(path, limit, start = 0) {
      if (limit <= 0) return new Uint8Array();
      // A range is of the file itself: browsers ask for it unpacked.
      const headers: Record<string, string> = start ? { Range: `bytes=${start}-${start + limit - 1}` } : {};
      const signal = AbortSignal.timeout(PATIENCE);
      try {
        const answer = await fetch(new URL(path, base), { headers, signal, cache: "no-store", credentials: "omit" });
        if (answer.status === 404 || answer.status === 410) return null;
        if (answer.status === 416) return new Uint8Array();
        if (!answer.ok) throw new NoAnswer(`HTTP ${answer.status}`);
        return await collect(answer, answer.status === 206 ? 0 : start, limit);
      } catch (error) {
        throw error instanceof NoAnswer ? error : new NoAnswer(String(error));
      }
    },
  };
}

/** Bytes [skip, skip + limit) of an answer; what comes after them is not waited for. */
async function collect(answer: Response, skip: number, limit: number): Promise<Uint8Array> {
  const reader = answer.body?.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  while (reader && size < skip + limit) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
    size += value.length;
  }
  void reader?.cancel().catch(() => undefined);
  return new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer()).subarray(skip, skip + limit);
}
